import type { Container, Draft } from "../pod/index.ts";
import { WORKING_HOT_UPGRADE_ANNOTATION } from "./names.ts";

export const version = (container: string): string => `version.sidecarset.kruise.io/${container}`;
export const otherVersion = (container: string): string => `versionalt.sidecarset.kruise.io/${container}`;

/** The names of the two containers that a hot-upgrade sidecar becomes. */
export function hotUpgradeNames(name: string): readonly [string, string] {
  return [`${name}-1`, `${name}-2`];
}

/**
 * Which of the two containers of a hot-upgrade sidecar works. In a new pod it is `X-1`, whatever the pod's annotation
 * says: a pod template copied from a running pod carries that pod's state.
 *
 * @param injected whether both containers are in the pod already, as an earlier call or a restored backup left them
 */
export function workingContainer(name: string, injected: boolean, annotations: Readonly<Record<string, string>>): string {
  const [first, second] = hotUpgradeNames(name);
  return injected && workingContainers(annotations)[name] === second ? second : first;
}

/** The two containers of a hot-upgrade sidecar: one works, the other idles on the empty image. */
export function hotUpgradePair(emptyImage: string, container: Container, working: string): [Container, Container] {
  const make = (name: string): Container => ({
    ...container,
    name,
    ...(name === working ? {} : { image: emptyImage }),
    env: [
      ...(container.env ?? []),
      { name: "SIDECARSET_VERSION", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: `metadata.annotations['${version(name)}']` } } },
      {
        name: "SIDECARSET_VERSION_ALT",
        valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: `metadata.annotations['${otherVersion(name)}']` } },
      },
    ],
  });
  const [first, second] = hotUpgradeNames(container.name);
  return [make(first), make(second)];
}

/**
 * Notes which of the two works, and their versions: `"1"` for the one that works and `"0"` for the one that idles, which
 * tells the sidecar that no upgrade is under way. What an injected pair has noted before is kept.
 */
export function writeHotUpgradeState(draft: Draft, name: string, working: string, injected: boolean): void {
  const noted = workingContainers(draft.annotations);
  if (noted[name] !== working) {
    noted[name] = working;
    const sorted = Object.fromEntries(Object.entries(noted).sort(([a], [b]) => (a < b ? -1 : 1)));
    draft.setAnnotation(WORKING_HOT_UPGRADE_ANNOTATION, JSON.stringify(sorted));
  }
  for (const one of hotUpgradeNames(name)) {
    const [own, other] = one === working ? ["1", "0"] : ["0", "1"];
    for (const [key, value] of [
      [version(one), own],
      [otherVersion(one), other],
    ] as const)
      if (!injected || !Object.hasOwn(draft.annotations, key)) draft.setAnnotation(key, value);
  }
}

/** Sidecar → its working container; nothing where the annotation cannot be read. */
function workingContainers(annotations: Readonly<Record<string, string>>): Record<string, string> {
  const noted = Object.create(null) as Record<string, string>;
  try {
    const value: unknown = JSON.parse(annotations[WORKING_HOT_UPGRADE_ANNOTATION] ?? "{}");
    if (typeof value === "object" && value !== null && !Array.isArray(value)) Object.assign(noted, value);
  } catch {
    // Kruise starts anew as well.
  }
  return noted;
}
