import type { Job, Pod } from "../../objects/index.ts";
import { indexOf, parseIndexes } from "./pods.ts";

type Action = "FailJob" | "FailIndex" | "Ignore" | "Count";

/** What a job's `podFailurePolicy` says of a pod that failed; `undefined` where no rule is about it. */
export interface FailureVerdict {
  readonly action: Action;
  /** Why, as the job's condition says it. */
  readonly message: string;
}

/** The first rule that matches a failed pod decides (`pkg/controller/job/pod_failure_policy.go`). */
export function failureVerdict({ spec }: Job, pod: Pod): FailureVerdict | undefined {
  const { namespace, name } = pod.metadata;
  for (const [index, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const action = rule.action as Action;
    const matching = `matching ${action} rule at index ${index}`;
    const { onExitCodes, onPodConditions } = rule;
    if (onExitCodes) {
      const values = new Set(onExitCodes.values);
      const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
      const found = statuses.find(({ name: container, state }) => {
        const code = state?.terminated?.exitCode;
        if (code === undefined || code === 0 || (onExitCodes.containerName && onExitCodes.containerName !== container)) return false;
        return values.has(code) === (onExitCodes.operator === "In");
      });
      if (found) {
        const code = found.state?.terminated?.exitCode;
        return { action, message: `Container ${found.name} for pod ${namespace}/${name} failed with exit code ${code} ${matching}` };
      }
    }
    const condition = (onPodConditions ?? []).find(({ type, status = "True" }) =>
      pod.status?.conditions?.some((one) => one.type === type && one.status === status),
    );
    if (condition) return { action, message: `Pod ${namespace}/${name} has condition ${condition.type} ${matching}` };
  }
  return undefined;
}

const FAILURES = "batch.kubernetes.io/job-index-failure-count";
const IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count";

/** How the pod that follows a failed one counts the failures of its index; a first one counts none. */
export function failureCounts(job: Job, last: Pod | undefined): Readonly<Record<string, string>> {
  if (job.spec.backoffLimitPerIndex === undefined) return {};
  const before = (annotation: string): number => Number(last?.metadata.annotations?.[annotation] ?? 0);
  const ignored = last !== undefined && failureVerdict(job, last)?.action === "Ignore";
  const failures = before(FAILURES) + (last && !ignored ? 1 : 0);
  const ignoredFailures = before(IGNORED) + (ignored ? 1 : 0);
  return { [FAILURES]: String(failures), ...(ignoredFailures > 0 ? { [IGNORED]: String(ignoredFailures) } : {}) };
}

/** Whether a failed pod is the last one of its index. @param action of the failure policy's rule for it, if any. */
export function failsIndex(job: Job, pod: Pod, action: Action | undefined): boolean {
  const limit = job.spec.backoffLimitPerIndex;
  if (limit === undefined || indexOf(pod) === undefined) return false;
  if (action === "FailIndex") return true;
  return action !== "Ignore" && failuresOf(pod) > limit;
}

/** Failures of an index so far, by the pod that failed last. */
export const failuresOf = (pod: Pod): number => Number(pod.metadata.annotations?.[FAILURES] ?? 0) + 1;

/** Which rule of a job's `successPolicy` its finished indexes fulfil; `undefined` where none does. */
export function fulfilledRule({ spec }: Job, indexes: ReadonlySet<number>): number | undefined {
  const at = (spec.successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    const wanted = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes);
    const done = wanted === undefined ? indexes.size : [...wanted].filter((index) => indexes.has(index)).length;
    return done >= (succeededCount ?? wanted?.size ?? Number.POSITIVE_INFINITY);
  });
  return at < 0 ? undefined : at;
}
