import type { Cause } from "@outrigger/kit/api";
import {
  type Additions,
  type Container,
  type ContainerDefaults,
  type Draft,
  type InjectionEntry,
  nameClash,
  type PatchOperation,
  type Reason,
  refreshed,
  type VolumeMount,
} from "../pod/index.ts";
import type { InjectionTemplate } from "./template.ts";
import { placeVolumes } from "./volumes.ts";

export interface TemplateContext {
  /** What earlier calls did, as far as the rules confirm it. */
  readonly past: readonly InjectionEntry[];
  /** Names of the containers that rules bring. */
  readonly brought: ReadonlySet<string>;
  readonly containerDefaults: ContainerDefaults | undefined;
}

/**
 * Puts a template's content into a pod, after everything that SidecarSets brought.
 *
 * - A container that an earlier call injected becomes the template's of today, where it stands.
 * - A container that is the template's to the letter is that, also in a copy of a pod that lost its annotations.
 * - Any other container with a name of the template's is a cause for refusal.
 * - A volume of another content with the name of the template's stays the pod's; the template's gets another name.
 */
export function applyTemplate(
  draft: Draft,
  template: InjectionTemplate,
  context: TemplateContext,
  why: string,
): { reason: Reason; causes: Cause[] } {
  const rule = { kind: "Template", rule: template.name } as const;
  const earlier = context.past.find((entry) => entry.rule === `Template/${template.name}`)?.containers ?? [];
  const { renamed, changed: newVolumes, causes } = placeVolumes(draft, template);
  const problems = [...renamed].map(([name, other]) => `volume ${name} is ${other} here: the pod has another of this name`);
  const names: string[] = [];
  let changed = newVolumes;
  for (const list of ["initContainers", "containers"] as const) {
    for (const plain of template[list] ?? []) {
      const container = withVolumes(plain, renamed);
      names.push(container.name);
      const clash = holder(draft, container.name);
      if (clash === undefined) {
        draft[list].after.push(container);
        changed = true;
        continue;
      }
      if (clash.own?.list === list) {
        const own = draft[list].own[clash.own.index]!;
        const fresh = refreshed(own, container, { pod: draft.original, containerDefaults: context.containerDefaults });
        if (fresh === own) continue;
        if (earlier.includes(container.name)) {
          draft[list].replace(clash.own.index, fresh);
          changed = true;
          continue;
        }
      }
      causes.push(
        nameClash(
          clash.field,
          container.name,
          clash.who,
          `container ${JSON.stringify(container.name)} of template ${JSON.stringify(template.name)}`,
          "rename one of them",
        ),
      );
    }
  }
  if (causes.length > 0)
    return {
      reason: { ...rule, action: "refused", reason: "NameClash", message: causes.map((cause) => cause.message).join("; ") },
      causes,
    };
  for (const secret of template.imagePullSecrets ?? []) draft.addPullSecret(secret);
  const labels = addAbsent(template.labels, draft.labels, (key, value) => draft.setLabel(key, value));
  const annotations = addAbsent(template.annotations, draft.annotations, (key, value) => draft.setAnnotation(key, value));
  const securityContext = Object.entries(template.securityContext ?? {})
    .filter(([field, value]) => draft.setSecurityContext(field, value))
    .map(([field]) => field);
  const into = addToOwn(draft, template, mountsOf(template, renamed), context.brought);
  const env = [...new Set(Object.values(into).flatMap((added) => added.env ?? []))];
  const mounts = [...new Set(Object.values(into).flatMap((added) => added.mounts ?? []))];
  if (labels.length + annotations.length + env.length + mounts.length + securityContext.length > 0) changed = true;
  const reason: Reason = {
    ...rule,
    action: changed ? "applied" : "unchanged",
    reason: changed ? "Matched" : "AlreadyPresent",
    message: changed ? `${why}: ${names.length > 0 ? `${names.join(", ")} injected` : "applied"}` : `${names.join(", ")} injected earlier`,
    containers: names,
    ...(labels.length === 0 ? {} : { labels }),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(env.length === 0 ? {} : { env }),
    ...(mounts.length === 0 ? {} : { mounts }),
    ...(securityContext.length === 0 ? {} : { securityContext }),
    ...(env.length + mounts.length === 0 ? {} : { into }),
    ...(problems.length === 0 ? {} : { problems }),
  };
  return { reason, causes };
}

/** Names of the containers that a template brings. */
export function templateContainers({ containers = [], initContainers = [] }: InjectionTemplate): string[] {
  return [...containers, ...initContainers].map(({ name }) => name);
}

function withVolumes(container: Container, renamed: ReadonlyMap<string, string>): Container {
  if (renamed.size === 0) return container;
  const rename = <T extends { readonly name: string }>(item: T): T =>
    renamed.has(item.name) ? { ...item, name: renamed.get(item.name)! } : item;
  return {
    ...container,
    ...(container.volumeMounts ? { volumeMounts: container.volumeMounts.map(rename) } : {}),
    ...(container.volumeDevices ? { volumeDevices: container.volumeDevices.map(rename) } : {}),
  };
}

function mountsOf({ volumeMounts = [] }: InjectionTemplate, renamed: ReadonlyMap<string, string>): readonly VolumeMount[] {
  return volumeMounts.map((mount) => (renamed.has(mount.name) ? { ...mount, name: renamed.get(mount.name)! } : mount));
}

interface Holder {
  /** Where it is the pod's own. */
  readonly own?: { readonly list: "containers" | "initContainers"; readonly index: number };
  readonly field: string;
  readonly who: string;
}

/** Who has the name already: a container of the pod, or one that a SidecarSet or another template brings now. */
function holder(draft: Draft, name: string): Holder | undefined {
  for (const list of ["containers", "initContainers"] as const) {
    const edits = draft[list];
    const index = edits.own.findIndex((container) => container.name === name);
    if (index >= 0)
      return { own: { list, index }, field: `spec.${list}[${index}].name`, who: `the pod's container ${JSON.stringify(name)}` };
    if ([...edits.before, ...edits.after].some((container) => container.name === name)) {
      return { field: `spec.${list}`, who: `container ${JSON.stringify(name)} of another rule` };
    }
  }
  return undefined;
}

function addAbsent(
  wanted: Readonly<Record<string, string>> | undefined,
  present: Readonly<Record<string, string>>,
  set: (key: string, value: string) => void,
): string[] {
  const added: string[] = [];
  for (const [key, value] of Object.entries(wanted ?? {})) {
    if (Object.hasOwn(present, key)) continue;
    set(key, value);
    added.push(key);
  }
  return added;
}

/** Variables and mounts for the pod's own containers, where they lack them: the variables before their own. */
function addToOwn(
  draft: Draft,
  { env = [] }: InjectionTemplate,
  volumeMounts: readonly VolumeMount[],
  brought: ReadonlySet<string>,
): Record<string, Additions> {
  const into: [string, Additions][] = [];
  draft.containers.own.forEach((container, index) => {
    if (brought.has(container.name)) return;
    const variables = env.filter(({ name }) => !container.env?.some((own) => own.name === name));
    const mounts = volumeMounts.filter(({ mountPath }) => !container.volumeMounts?.some((own) => own.mountPath === mountPath));
    if (variables.length + mounts.length === 0) return;
    if (variables.length > 0) draft.containers.addVariables(index, variables);
    if (mounts.length > 0) {
      const edits: PatchOperation[] = [];
      const volumeMountsNow = append(edits, "/volumeMounts", container.volumeMounts, mounts);
      draft.containers.replace(index, { ...draft.containers.own[index]!, volumeMounts: volumeMountsNow }, edits);
    }
    into.push([
      container.name,
      {
        ...(variables.length === 0 ? {} : { env: variables.map(({ name }) => name) }),
        ...(mounts.length === 0 ? {} : { mounts: mounts.map(({ mountPath }) => mountPath) }),
      },
    ]);
  });
  return Object.fromEntries(into);
}

function append<T>(edits: PatchOperation[], path: string, existing: readonly T[] | undefined, added: readonly T[]): readonly T[] {
  if (existing === undefined || existing === null) edits.push({ op: "add", path, value: added });
  else for (const value of added) edits.push({ op: "add", path: `${path}/-`, value });
  return [...(existing ?? []), ...added];
}
