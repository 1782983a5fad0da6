import type { Cause } from "@outrigger/kit/api";
import { type Container, type Draft, type InjectionEntry, isInjected, nameClash, type PatchOperation, type Reason } from "../pod/index.ts";
import type { InjectionTemplate } from "./template.ts";

/**
 * Puts a template's content into a pod, after everything that SidecarSets brought.
 *
 * What an earlier call injected, by the pod's record, stays as it is. A container of the pod's own with a name of the
 * template's is a cause for refusal.
 */
export function applyTemplate(
  draft: Draft,
  template: InjectionTemplate,
  record: readonly InjectionEntry[],
  why: string,
): { reason: Reason; causes: Cause[] } {
  const rule = { kind: "Template", rule: template.name } as const;
  const earlier = record.find((entry) => entry.rule === `Template/${template.name}`)?.containers ?? [];
  const foreign = new Set(record.flatMap((entry) => (entry.rule.startsWith("Template/") ? (entry.containers ?? []) : [])));
  const causes: Cause[] = [];
  const names: string[] = [];
  let changed = false;
  for (const list of ["initContainers", "containers"] as const) {
    for (const container of template[list] ?? []) {
      names.push(container.name);
      const clash = holder(draft, container.name);
      if (clash === undefined) {
        draft[list].after.push(container);
        changed = true;
      } else if (!(earlier.includes(container.name) && clash.own)) {
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
  }
  if (causes.length > 0)
    return {
      reason: { ...rule, action: "refused", reason: "NameClash", message: causes.map((cause) => cause.message).join("; ") },
      causes,
    };
  for (const volume of template.volumes ?? []) {
    if (draft.hasVolume(volume.name)) continue;
    draft.addVolume(volume);
    changed = true;
  }
  for (const secret of template.imagePullSecrets ?? []) draft.addPullSecret(secret);
  const labels = addAbsent(template.labels, draft.labels, (key, value) => draft.setLabel(key, value));
  const annotations = addAbsent(template.annotations, draft.annotations, (key, value) => draft.setAnnotation(key, value));
  for (const [field, value] of Object.entries(template.securityContext ?? {})) if (draft.setSecurityContext(field, value)) changed = true;
  const { env, mounts } = addToOwn(draft, template, foreign);
  if (labels.length + annotations.length + env.length + mounts.length > 0) changed = true;
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
  };
  return { reason, causes };
}

/** Who has the name already: a container of the pod, or one that a SidecarSet or another template brings now. */
function holder(draft: Draft, name: string): { own: boolean; field: string; who: string } | undefined {
  for (const list of ["containers", "initContainers"] as const) {
    const edits = draft[list];
    const index = edits.own.findIndex((container) => container.name === name);
    if (index >= 0) return { own: true, field: `spec.${list}[${index}].name`, who: `the pod's container ${JSON.stringify(name)}` };
    if ([...edits.before, ...edits.after].some((container) => container.name === name)) {
      return { own: false, field: `spec.${list}`, who: `container ${JSON.stringify(name)} of another rule` };
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

/** Variables and mounts for the pod's own containers, where they lack them. */
function addToOwn(draft: Draft, template: InjectionTemplate, foreign: ReadonlySet<string>): { env: string[]; mounts: string[] } {
  const env = new Set<string>();
  const mounts = new Set<string>();
  if (!template.env?.length && !template.volumeMounts?.length) return { env: [], mounts: [] };
  draft.containers.own.forEach((container, index) => {
    if (isInjected(container) || foreign.has(container.name)) return;
    const variables = (template.env ?? []).filter((variable) => !container.env?.some((own) => own.name === variable.name));
    const paths = (template.volumeMounts ?? []).filter(
      (mount) => !container.volumeMounts?.some((own) => own.mountPath === mount.mountPath),
    );
    if (variables.length + paths.length === 0) return;
    for (const variable of variables) env.add(variable.name);
    for (const mount of paths) mounts.add(mount.mountPath);
    const edited: Container = { ...container };
    const edits: PatchOperation[] = [];
    if (variables.length > 0) edited.env = append(edits, "/env", container.env, variables);
    if (paths.length > 0) edited.volumeMounts = append(edits, "/volumeMounts", container.volumeMounts, paths);
    draft.containers.replace(index, edited, edits);
  });
  return { env: [...env], mounts: [...mounts] };
}

function append<T>(edits: PatchOperation[], path: string, existing: readonly T[] | undefined, added: readonly T[]): readonly T[] {
  if (existing === undefined || existing === null) edits.push({ op: "add", path, value: added });
  else for (const value of added) edits.push({ op: "add", path: `${path}/-`, value });
  return [...(existing ?? []), ...added];
}
