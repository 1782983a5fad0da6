import { differences, type InjectionEntry, otherVolumeName, type Pod, type Reason, readInjectionRecord, refreshed } from "../pod/index.ts";
import type { InjectionTemplate } from "../templates/index.ts";
import { containerOf, sameItem, sameSecurity, sameText, withoutClaimed } from "./claims.ts";
import { type DecideContext, decide } from "./decide.ts";
import type { Rules } from "./rules.ts";

/** A pod that is not as a template would make it today. */
export interface PodBehindTemplate {
  /** `<namespace>/<name>`. */
  readonly pod: string;
  /** `Changed` since the pod was admitted, `Missed` by it, `NotChosen` any more, or `Refused` when it is made again. */
  readonly reason: "Changed" | "Missed" | "NotChosen" | "Refused";
  readonly message: string;
  /** `kubectl …` that makes the pod anew, or what else to do. */
  readonly remedy: string;
}

export interface TemplateExplanation {
  readonly template: string;
  /** Pods that have the template, or should. */
  readonly matched: number;
  readonly behind: number;
  readonly pods: readonly PodBehindTemplate[];
}

/** What surrounds the pods of a namespace. */
export type Around = (namespace: string) => Pick<DecideContext, "namespaceLabels" | "containerDefaults">;

/**
 * Which pods are not as a template of today would make them. Each is taken back to what its user wrote, by its own record, and
 * decided on again; what then differs is what makes it behind. Pods that ended or are being deleted do not count.
 */
export function explainTemplate(name: string, rules: Rules, pods: readonly Pod[], around: Around): TemplateExplanation {
  const template = rules.templates.find((one) => one.name === name);
  const rule = `Template/${name}`;
  const behind: PodBehindTemplate[] = [];
  let matched = 0;
  for (const pod of pods) {
    if (isGone(pod)) continue;
    const namespace = pod.metadata.namespace ?? "";
    const record = readInjectionRecord(pod);
    const entry = record.find((one) => one.rule === rule && (one.action === "applied" || one.action === "unchanged"));
    const context: DecideContext = { namespace, ...around(namespace), now: "1970-01-01T00:00:00Z", operation: "CREATE", everyRule: true };
    const made = decide(withoutClaimed(pod, record), rules, context);
    const reason = made.reasons.find((one) => one.kind === "Template" && one.rule === name);
    const acts = reason !== undefined && reason.action !== "skipped";
    if (entry === undefined && !acts) continue;
    matched++;
    const say = (why: PodBehindTemplate["reason"], message: string): void =>
      void behind.push({ pod: `${namespace}/${pod.metadata.name}`, reason: why, message, remedy: remedyFor(pod) });
    if (template === undefined) say("NotChosen", "the template is no longer there");
    else if (made.refusal !== undefined) say("Refused", made.refusal.message);
    else if (!acts) say("NotChosen", reason?.message ?? "the namespace is left out");
    else {
      const differs = different(pod, made.pod, { template, entry, reason, containerDefaults: context.containerDefaults });
      if (differs.length === 0) continue;
      if (entry === undefined) say("Missed", `admitted before the template, or past the webhook; ${reason.message}`);
      else say("Changed", differs.join("; "));
    }
  }
  return { template: name, matched, behind: behind.length, pods: behind };
}

function isGone({ metadata, status }: Pod): boolean {
  const { phase } = (status ?? {}) as { readonly phase?: string };
  return (metadata as { deletionTimestamp?: string }).deletionTimestamp !== undefined || phase === "Succeeded" || phase === "Failed";
}

interface Compared {
  readonly template: InjectionTemplate;
  readonly entry: InjectionEntry | undefined;
  readonly reason: Reason;
  readonly containerDefaults: DecideContext["containerDefaults"];
}

/** What the template gives otherwise today, a few words each. */
function different(pod: Pod, made: Pod, { template, entry, reason, containerDefaults }: Compared): string[] {
  const found: string[] = [];
  const either = (field: "containers" | "labels" | "annotations"): Set<string> =>
    new Set([...(entry?.[field] ?? []), ...(reason[field] ?? [])]);
  for (const name of either("containers")) {
    const [is, wanted] = [containerOf(pod, name), containerOf(made, name)];
    if (is === undefined || wanted === undefined) {
      found.push(is === undefined ? `container ${name} is new` : `container ${name} is no longer in the template`);
      continue;
    }
    const fresh = refreshed(is, wanted, { pod, containerDefaults });
    if (fresh !== is) found.push(`container ${name}: ${differences(is, fresh, { pod, containerDefaults }).join(", ")}`);
  }
  for (const field of ["labels", "annotations"] as const)
    for (const key of either(field))
      if (!sameText(pod.metadata[field], made.metadata[field], key)) found.push(`${field === "labels" ? "label" : "annotation"} ${key}`);
  for (const container of new Set([...Object.keys(entry?.into ?? {}), ...Object.keys(reason.into ?? {})])) {
    const added = [entry?.into?.[container], reason.into?.[container]];
    const [is, wanted] = [containerOf(pod, container), containerOf(made, container)];
    for (const name of new Set(added.flatMap((one) => one?.env ?? [])))
      if (!sameItem(is?.env, wanted?.env, (one) => one.name === name)) found.push(`variable ${name} of container ${container}`);
    for (const path of new Set(added.flatMap((one) => one?.mounts ?? [])))
      if (!sameItem(is?.volumeMounts, wanted?.volumeMounts, (one) => one.mountPath === path))
        found.push(`mount ${path} of container ${container}`);
  }
  for (const { name } of template.volumes ?? [])
    if ([name, otherVolumeName(template.name, name)].some((one) => hasNamed(made.spec.volumes, one) && !hasNamed(pod.spec.volumes, one)))
      found.push(`volume ${name}`);
  for (const { name } of template.imagePullSecrets ?? [])
    if (name !== undefined && !hasNamed(pod.spec.imagePullSecrets, name)) found.push(`pull secret ${name}`);
  for (const field of new Set([...(entry?.securityContext ?? []), ...(reason.securityContext ?? [])]))
    if (!sameSecurity(pod, made, field)) found.push(`securityContext.${field}`);
  return found;
}

function hasNamed(list: readonly { readonly name?: string }[] | undefined, name: string): boolean {
  return list?.some((one) => one.name === name) ?? false;
}

/** How a pod is made anew depends on who made it: a Deployment's ReplicaSet is named after the Deployment and the pods' hash. */
function remedyFor({ metadata }: Pod): string {
  const {
    namespace,
    name,
    labels,
    ownerReferences = [],
  } = metadata as Pod["metadata"] & {
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
  };
  const owner = ownerReferences.find(({ controller }) => controller === true);
  const restart = (kind: string, of: string): string => `kubectl -n ${namespace} rollout restart ${kind}/${of}`;
  if (owner === undefined) return `delete pod ${namespace}/${name} and create it again: nothing else does`;
  const ending = `-${labels?.["pod-template-hash"]}`;
  if (owner.kind === "ReplicaSet" && owner.name.endsWith(ending)) return restart("deployment", owner.name.slice(0, -ending.length));
  if (owner.kind === "StatefulSet" || owner.kind === "DaemonSet") return restart(owner.kind.toLowerCase(), owner.name);
  if (owner.kind === "Job") return `the next run of Job ${namespace}/${owner.name} gets it`;
  return `kubectl -n ${namespace} delete pod ${name}: its ${owner.kind} makes another`;
}
