import { isDeepStrictEqual } from "node:util";
import type { Evidence } from "./evidence.ts";
import type { JobPolicySpec } from "./resource.ts";

/** The part of a Job's spec, or of a CronJob's template, that policies act on. */
export interface JobSpec {
  readonly backoffLimit?: number | undefined;
  readonly backoffLimitPerIndex?: number | undefined;
  readonly activeDeadlineSeconds?: number | undefined;
  readonly ttlSecondsAfterFinished?: number | undefined;
  readonly podReplacementPolicy?: string | undefined;
  readonly podFailurePolicy?: object | undefined;
  readonly template?: { readonly spec?: { readonly restartPolicy?: string | undefined } | undefined } | undefined;
}

export const NUMBERS = ["backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"] as const;
export const FIELDS = [...NUMBERS, "podReplacementPolicy", "podFailurePolicy"] as const;
export type JobField = (typeof FIELDS)[number];

export interface NamedPolicy {
  readonly name: string;
  readonly spec: JobPolicySpec;
}

/** What a policy did about one field, or why it did nothing. */
export interface JobReason {
  readonly policy: string;
  readonly field: JobField;
  readonly action: "set" | "unchanged" | "skipped";
  readonly message: string;
}

export interface JobDecision {
  readonly changes: Readonly<Partial<Record<JobField, unknown>>>;
  readonly reasons: readonly JobReason[];
}

/**
 * What policies make of a Job: a pure function.
 *
 * Of each field the first policy that says something counts, whatever it then does.
 *
 * @param policies those that select the Job, in the order in which they count
 * @param evidence whether somebody wrote a field that is there
 * @param before the Job as it was, for an update: only numbers that the update changes are looked at then, since Kubernetes lets nothing else change
 */
export function decideJob(
  job: JobSpec,
  policies: readonly NamedPolicy[],
  evidence: (field: JobField) => Evidence,
  before?: JobSpec,
): JobDecision {
  const changes: Partial<Record<JobField, unknown>> = {};
  const reasons: JobReason[] = [];
  for (const field of FIELDS) {
    const policy = policies.find(({ spec }) => spec[field] !== undefined);
    if (!policy) continue;
    if (before && (field === "podReplacementPolicy" || field === "podFailurePolicy" || isDeepStrictEqual(before[field], job[field])))
      continue;
    const outcome = field === "podFailurePolicy" ? failurePolicy(job, policy, changes, evidence) : valueFor(field, job, policy, evidence);
    if ("value" in outcome) {
      changes[field] = outcome.value;
      if (outcome.replacement) changes.podReplacementPolicy = outcome.replacement;
    }
    reasons.push({ policy: policy.name, field, action: "value" in outcome ? "set" : outcome.action, message: outcome.message });
  }
  return { changes, reasons };
}

type Outcome =
  | { readonly value: unknown; readonly replacement?: string; readonly message: string }
  | { readonly action: "unchanged" | "skipped"; readonly message: string };

function valueFor(
  field: Exclude<JobField, "podFailurePolicy">,
  job: JobSpec,
  { spec }: NamedPolicy,
  evidence: (field: JobField) => Evidence,
): Outcome {
  const { mode, value } = spec[field]!;
  const current = job[field];
  if (field === "podReplacementPolicy" && value !== "Failed" && job.podFailurePolicy !== undefined)
    return { action: "skipped", message: "a Job with a podFailurePolicy needs podReplacementPolicy Failed" };
  if (current === value) return { action: "unchanged", message: `${field} is ${value} already` };
  const change = (why: string): Outcome => ({ value, message: `${field} ${current ?? "(absent)"} becomes ${value}: ${why}` });
  if (mode === "set") return change("the policy sets it always");
  if (mode === "cap") {
    if (current === undefined) return change("without it there is no limit");
    return Number(current) > Number(value)
      ? change("the policy allows no more")
      : { action: "unchanged", message: `${field} ${current} is within ${value}` };
  }
  if (current === undefined) return change("the Job does not say it");
  const kept = (why: string): Outcome => ({ action: "skipped", message: `${field} stays ${current}: ${why}` });
  if (current !== defaultOf(field, job)) return kept("the Job says it");
  const known = evidence(field);
  if (known === "written") return kept("somebody wrote it, though it is Kubernetes' default");
  if (known === "defaulted") return change("nobody wrote it");
  return spec.assumeDefaulted === true
    ? change("it is Kubernetes' default, and the policy assumes that nobody wrote it")
    : kept("it is Kubernetes' default, and nothing tells whether somebody wrote it; assumeDefaulted: true acts on it");
}

function failurePolicy(
  job: JobSpec,
  { spec }: NamedPolicy,
  changes: Partial<Record<JobField, unknown>>,
  evidence: (field: JobField) => Evidence,
): Outcome {
  const { mode, rules } = spec.podFailurePolicy!;
  const skipped = (message: string): Outcome => ({ action: "skipped", message });
  if (mode === "default" && job.podFailurePolicy !== undefined) return skipped("the Job has a podFailurePolicy");
  if (isDeepStrictEqual(job.podFailurePolicy, { rules }))
    return { action: "unchanged", message: "podFailurePolicy is the policy's already" };
  if (job.template?.spec?.restartPolicy !== "Never")
    return skipped(`podFailurePolicy needs restartPolicy Never, and the Job's pods have ${job.template?.spec?.restartPolicy ?? "another"}`);
  if (rules.some(({ action }) => action === "FailIndex") && job.backoffLimitPerIndex === undefined)
    return skipped("action FailIndex needs backoffLimitPerIndex, which the Job has not");
  const replacement = changes.podReplacementPolicy ?? job.podReplacementPolicy;
  const message = "podFailurePolicy is the policy's";
  // An absent one becomes Failed by Kubernetes' own default, where there is a podFailurePolicy.
  if (replacement === undefined || replacement === "Failed") return { value: { rules }, message };
  const known = evidence("podReplacementPolicy");
  const isDefault = known === "defaulted" || (known === "unknown" && spec.assumeDefaulted === true);
  if (isDefault) return { value: { rules }, replacement: "Failed", message: `${message}, and podReplacementPolicy Failed, as it needs` };
  return skipped(
    known === "written"
      ? `podFailurePolicy needs podReplacementPolicy Failed, and the Job says ${replacement}`
      : `podFailurePolicy needs podReplacementPolicy Failed, the Job has ${replacement}, and nothing tells whether somebody wrote it; a podReplacementPolicy of the policy with mode set, or assumeDefaulted: true, acts on it`,
  );
}

/** What Kubernetes fills in. */
function defaultOf(field: JobField, job: JobSpec): unknown {
  if (field === "backoffLimit") return job.backoffLimitPerIndex === undefined ? 6 : 2_147_483_647;
  if (field === "podReplacementPolicy") return job.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
  return undefined;
}
