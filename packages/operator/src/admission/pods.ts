import { type AdmissionAnswer, type AdmissionRequest, invalid } from "@outrigger/kit/webhook";
import { type Decision, decide, type Rules } from "../pipeline/index.ts";
import { type ContainerDefaults, launchPriorityWarning, type Pod } from "../pod/index.ts";

export interface PodSurroundings {
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly containerDefaults?: ContainerDefaults | undefined;
  readonly now: Date;
  /** Told of the decision. */
  readonly decided?: (decision: Decision) => void;
}

/**
 * The answer about one pod: one call computes the result of all rules, whichever webhook entry sent it.
 *
 * @param namespaceLabels of the request's namespace
 * @param containerDefaults what the namespace's LimitRanges give to containers
 * @param now when the decision is made; written to the pod in whole seconds, UTC
 */
export function mutatePod(
  request: AdmissionRequest,
  rules: Rules,
  { namespaceLabels, containerDefaults, now, decided }: PodSurroundings,
): AdmissionAnswer {
  if (request.operation !== "CREATE" || (request.subResource ?? "") !== "" || !isPod(request.object)) return { allowed: true };
  const pod = request.object;
  const decision = decide(pod, rules, {
    namespace: request.namespace ?? pod.metadata.namespace ?? "",
    namespaceLabels,
    ...(containerDefaults === undefined ? {} : { containerDefaults }),
    now: wholeSeconds(now),
    operation: request.operation,
    draw: Math.random(),
  });
  decided?.(decision);
  const audit = auditAnnotations(decision);
  if (decision.refusal !== undefined) return invalid(decision.refusal.causes, audit);
  const warning = launchPriorityWarning(pod);
  return {
    allowed: true,
    ...(decision.patch.length === 0 ? {} : { patch: decision.patch }),
    ...(warning === undefined ? {} : { warnings: [warning] }),
    ...audit,
  };
}

let second = { at: Number.NaN, text: "" };

/** RFC 3339 in UTC. Thousands of pods come in one second, and to write the time is a tenth of a decision. */
function wholeSeconds(time: Date): string {
  const at = Math.floor(time.getTime() / 1000);
  if (at !== second.at) second = { at, text: `${time.toISOString().slice(0, 19)}Z` };
  return second.text;
}

/** Whether an object has a pod's shape, as far as rules read it. */
export function isPod(object: AdmissionRequest["object"]): object is Pod {
  const { metadata, spec } = (object ?? {}) as Partial<Pod>;
  if (!isObject(metadata) || !isObject(spec) || !Array.isArray(spec.containers)) return false;
  if (!isTexts(metadata.labels) || !isTexts(metadata.annotations)) return false;
  if (!isNamed(spec.volumes) || !isNamed(spec.imagePullSecrets)) return false;
  return areContainers(spec.containers) && areContainers(spec.initContainers);
}

/*
 * The API server sends what it has decoded itself; files and random reviews can hold anything. What is no pod passes as
 * it is: the API server has the better words for it.
 */
function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isTexts(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (!isObject(value)) return false;
  for (const key in value) if (typeof (value as Record<string, unknown>)[key] !== "string") return false;
  return true;
}
function areContainers(value: Pod["spec"]["containers"] | undefined): boolean {
  if (!isNamed(value)) return false;
  for (const { env, volumeMounts, volumeDevices } of value ?? [])
    if (!isNamed(env) || !isNamed(volumeMounts) || !isNamed(volumeDevices)) return false;
  return true;
}
function isNamed(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (!Array.isArray(value)) return false;
  for (const item of value) if (!isObject(item) || typeof (item as { name?: unknown }).name !== "string") return false;
  return true;
}

/** One line per rule that had to do with the pod, for the API server's audit log. */
function auditAnnotations({ reasons }: Decision): { auditAnnotations?: Record<string, string> } {
  if (reasons.length === 0) return {};
  return {
    auditAnnotations: { decision: reasons.map(({ kind, rule, action, reason }) => `${kind}/${rule} ${action} (${reason})`).join("; ") },
  };
}
