import type { AdmissionAnswer, AdmissionRequest } from "@outrigger/kit/webhook";
import type { PatchOperation } from "../pod/index.ts";
import { decideJob, type JobDecision, type JobField, type JobReason, type JobSpec, type NamedPolicy } from "./decide.ts";
import { type EvidenceMetadata, evidenceOf } from "./evidence.ts";

/** On a Job or CronJob: what policies did about it, and why, as compact JSON. */
export const JOB_POLICY_ANNOTATION = "outrigger.dev/job-policy";

interface JobObject {
  readonly kind?: string | undefined;
  readonly metadata?:
    | (EvidenceMetadata & {
        readonly labels?: Readonly<Record<string, string>> | undefined;
        readonly deletionTimestamp?: string | undefined;
      })
    | undefined;
  readonly spec?: Record<string, unknown> | undefined;
}

/** Where the Job's spec is: a CronJob has it in its template. */
const PATHS: Readonly<Record<string, readonly string[]>> = { Job: ["spec"], CronJob: ["spec", "jobTemplate", "spec"] };

/** What the policies that select it make of a Job or CronJob; nothing where it is neither. */
export function decideObject(object: JobObject, policies: readonly NamedPolicy[], before?: JobObject | null): JobDecision | undefined {
  const path = PATHS[object.kind ?? ""];
  const job = path && at(object, path);
  if (!path || !job || !object.metadata) return undefined;
  const { metadata } = object;
  // Nothing fills in defaults of a CronJob's template: what is there was written.
  const evidence = (field: JobField) => (object.kind === "CronJob" ? ("written" as const) : evidenceOf(metadata, [...path, field]));
  return decideJob(job, policies, evidence, object.kind === "Job" && before ? at(before, path) : undefined);
}

/** Answers about a Job or CronJob: what policies change, and warnings that say so to whoever made it. */
export function mutateJob(
  request: AdmissionRequest,
  policies: readonly NamedPolicy[],
  told: (decision: JobDecision) => void,
): AdmissionAnswer {
  const object = request.object as unknown as JobObject | null;
  const written = request.operation === "CREATE" || request.operation === "UPDATE";
  if (!written || (request.subResource ?? "") !== "" || !object?.metadata || object.metadata.deletionTimestamp !== undefined)
    return { allowed: true };
  if (policies.length === 0) return { allowed: true };
  const decision = decideObject(object, policies, request.oldObject as unknown as JobObject | null);
  if (!decision || decision.reasons.length === 0) return { allowed: true };
  told(decision);
  const path = PATHS[object.kind ?? ""]!;
  const job = at(object, path)!;
  const patch: PatchOperation[] = Object.entries(decision.changes).map(([field, value]) => ({
    op: Object.hasOwn(job, field) ? "replace" : "add",
    path: `/${[...path, field].join("/")}`,
    value,
  }));
  const warnings = decision.reasons
    .filter(({ action }) => action === "set")
    .map(({ policy, message }) => `JobPolicy ${policy}: ${message}`);
  return { allowed: true, patch: [...patch, ...recordPatch(object, decision.reasons)], ...(warnings.length > 0 ? { warnings } : {}) };
}

/** The record of what policies did, by `explain`. */
export function readJobReasons(annotations: Readonly<Record<string, string>> | undefined): readonly JobReason[] {
  try {
    const reasons = JSON.parse(annotations?.[JOB_POLICY_ANNOTATION] ?? "[]") as unknown;
    return Array.isArray(reasons) ? (reasons as readonly JobReason[]) : [];
  } catch {
    return [];
  }
}

function recordPatch({ metadata }: JobObject, reasons: readonly JobReason[]): PatchOperation[] {
  const value = JSON.stringify(reasons);
  if (metadata?.annotations?.[JOB_POLICY_ANNOTATION] === value) return [];
  if (metadata?.annotations === undefined) return [{ op: "add", path: "/metadata/annotations", value: { [JOB_POLICY_ANNOTATION]: value } }];
  return [{ op: "add", path: `/metadata/annotations/${JOB_POLICY_ANNOTATION.replace("/", "~1")}`, value }];
}

function at(object: JobObject, path: readonly string[]): JobSpec | undefined {
  let value: unknown = object;
  for (const name of path) value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return typeof value === "object" && value !== null ? (value as JobSpec) : undefined;
}
