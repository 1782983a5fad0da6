import type { Cause } from "@outrigger/kit/api";
import { type Draft, nameClash, otherVolumeName, sameVolume } from "../pod/index.ts";
import type { InjectionTemplate } from "./template.ts";

/**
 * Gives the pod a template's volumes. A volume of the pod's with the same name and content is shared. One with another
 * content stays the pod's own, and the template's comes under another name: a container of the template's never gets
 * what the pod keeps under that name, a Secret for example.
 *
 * @returns `renamed`: the template's name → the name in this pod; `causes` where that one is taken as well
 */
export function placeVolumes(
  draft: Draft,
  template: InjectionTemplate,
): { readonly renamed: ReadonlyMap<string, string>; readonly changed: boolean; readonly causes: Cause[] } {
  const renamed = new Map<string, string>();
  const causes: Cause[] = [];
  let changed = false;
  for (const volume of template.volumes ?? []) {
    let wanted = volume;
    let there = draft.volume(wanted.name);
    if (there !== undefined && !sameVolume(there, wanted)) {
      wanted = { ...volume, name: otherVolumeName(template.name, volume.name) };
      renamed.set(volume.name, wanted.name);
      there = draft.volume(wanted.name);
    }
    if (there === undefined) {
      draft.addVolume(wanted);
      changed = true;
    } else if (!sameVolume(there, wanted))
      causes.push(
        nameClash(
          "spec.volumes",
          wanted.name,
          `the pod's volume ${JSON.stringify(wanted.name)}`,
          `volume ${JSON.stringify(volume.name)} of template ${JSON.stringify(template.name)}`,
          "rename the pod's",
        ),
      );
  }
  return { renamed, changed, causes };
}
