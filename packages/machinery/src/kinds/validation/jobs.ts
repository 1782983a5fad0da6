import { dnsLabelProblems, isTimeZone, type KubeObject, parseSchedule, ScheduleError } from "@outrigger/kit/api";
import { immutable, same } from "./comparison.ts";
import { type Fields, flag, number, object, objects, optionalText, text } from "./fields.ts";
import { type Findings, sorted } from "./findings.ts";
import { goStruct } from "./go-struct.ts";
import { findInFailurePolicy, findInSuccessPolicy } from "./job-policies.ts";
import { findInSelector, readSelector, shownSelector } from "./label-selectors.ts";
import { findInPodTemplate } from "./pod.ts";

const COUNTS = [
  ...["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex"],
  "maxFailedIndexes",
];
const MAX_PARALLELISM_INDEXED = 100_000;

export function findInJob(found: Findings, job: KubeObject): void {
  const spec = object(job, "spec") ?? {};
  findInGeneratedSelector(found, job, spec);
  findInJobWithSelector(found, spec);
  const completions = number(spec, "completions") ?? 0;
  if (text(spec, "completionMode") === "Indexed" && completions > 0) {
    const hostname = `${job.metadata.name ?? ""}-${completions - 1}`;
    if (dnsLabelProblems(hostname).length > 0) {
      found.invalid("metadata.name", job.metadata.name ?? "", `will not able to create pod with invalid DNS label: ${hostname}`);
    }
  }
}

/** The labels that the server adds to a job's template and selects its pods by. */
function findInGeneratedSelector(found: Findings, job: KubeObject, spec: Fields): void {
  if (flag(spec, "manualSelector") === true || !object(spec, "selector")) return;
  const { uid = "", name = "" } = job.metadata;
  if (uid === "") found.required("metadata.uid");
  const expected: Record<string, string> = {
    "controller-uid": uid,
    "job-name": name,
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
  };
  const labels = object(object(object(spec, "template"), "metadata"), "labels");
  for (const [label, value] of Object.entries(expected)) {
    const at = `spec.template.metadata.labels[${label}]`;
    if (labels?.[label] === undefined) found.required(at, `must be '${value}'`);
    else if (labels[label] !== value) found.invalid(at, sorted(labels), `must be '${value}'`);
  }
  const selector = readSelector(spec, "selector");
  if (selector && !selector.matches(expected))
    found.invalid("spec.selector", shownSelector(spec, "selector"), "`selector` not auto-generated");
}

function findInJobWithSelector(found: Findings, spec: Fields): void {
  findInJobSpec(found, spec, "spec");
  if (!object(spec, "selector")) found.required("spec.selector");
  else findInSelector(found, spec, "selector", "spec.selector");
  const labels = object(object(object(spec, "template"), "metadata"), "labels") as Record<string, string> | undefined;
  const selector = readSelector(spec, "selector");
  if (selector && !selector.matches(labels)) {
    found.invalid("spec.template.metadata.labels", sorted(labels), "`selector` does not match template `labels`");
  }
}

function findInJobSpec(found: Findings, spec: Fields, path: string): void {
  for (const field of COUNTS) found.nonNegative(`${path}.${field}`, number(spec, field));
  if (number(spec, "maxFailedIndexes") !== undefined && number(spec, "backoffLimitPerIndex") === undefined) {
    found.required(`${path}.backoffLimitPerIndex`, "when maxFailedIndexes is specified");
  }
  findInCompletionMode(found, spec, path);
  findInFailurePolicy(found, spec, `${path}.podFailurePolicy`);
  const success = object(spec, "successPolicy");
  if (success && text(spec, "completionMode") === "Indexed") findInSuccessPolicy(found, spec, `${path}.successPolicy`);
  else if (success) found.invalid(`${path}.successPolicy`, goStruct("SuccessPolicy", success), "requires indexed completion mode");
  const replacement = optionalText(spec, "podReplacementPolicy");
  if (replacement !== undefined) {
    if (object(spec, "podFailurePolicy") && replacement !== "Failed") {
      found.notSupported(`${path}.podReplacementPolicy`, replacement, ["Failed"]);
    } else if (replacement !== "Failed" && replacement !== "TerminatingOrFailed") {
      found.notSupported(`${path}.podReplacementPolicy`, replacement, ["Failed", "TerminatingOrFailed"]);
    }
  }
  findInPodTemplate(found, object(spec, "template") ?? {}, `${path}.template`);
  findInJobRestartPolicy(found, spec, `${path}.template.spec.restartPolicy`);
}

function findInCompletionMode(found: Findings, spec: Fields, path: string): void {
  const mode = optionalText(spec, "completionMode");
  const completions = number(spec, "completions");
  const failed = number(spec, "maxFailedIndexes");
  if (mode === undefined || mode === "NonIndexed") {
    for (const field of ["backoffLimitPerIndex", "maxFailedIndexes"]) {
      const value = number(spec, field);
      if (value !== undefined) found.invalid(`${path}.${field}`, value, "requires indexed completion mode");
    }
    return;
  }
  if (mode !== "Indexed") {
    found.notSupported(`${path}.completionMode`, mode, ["NonIndexed", "Indexed"]);
    return;
  }
  if (completions === undefined) found.required(`${path}.completions`, "when completion mode is Indexed");
  const parallelism = number(spec, "parallelism") ?? 0;
  if (parallelism > MAX_PARALLELISM_INDEXED) {
    const problem = `must be less than or equal to ${MAX_PARALLELISM_INDEXED} when completion mode is Indexed`;
    found.invalid(`${path}.parallelism`, parallelism, problem);
  }
  if (completions !== undefined && failed !== undefined && failed > completions) {
    found.invalid(`${path}.maxFailedIndexes`, failed, "must be less than or equal to completions");
  }
}

function findInJobRestartPolicy(found: Findings, spec: Fields, path: string): void {
  const policy = text(object(object(spec, "template"), "spec"), "restartPolicy");
  if (policy === "" || policy === "Always") found.required(path, 'valid values: "OnFailure", "Never"');
  else if (policy !== "OnFailure" && policy !== "Never") found.notSupported(path, policy, ["OnFailure", "Never"]);
  else if (object(spec, "podFailurePolicy") && policy !== "Never") {
    found.invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

export function findInJobUpdate(found: Findings, job: KubeObject, old: KubeObject): void {
  const spec = object(job, "spec") ?? {};
  const before = object(old, "spec") ?? {};
  findInJobWithSelector(found, spec);
  if (text(spec, "completionMode") !== "Indexed") immutable(found, spec["completions"], before["completions"], "spec.completions");
  else if (
    !same(spec["completions"], before["completions"]) &&
    spec["completions"] !== undefined &&
    spec["completions"] !== spec["parallelism"]
  ) {
    found.invalid("spec.completions", spec["completions"], "can only be modified in tandem with spec.parallelism");
  }
  immutable(found, spec["selector"], before["selector"], "spec.selector", shownSelector(spec, "selector"));
  findInTemplateUpdate(found, spec, before);
  immutable(found, spec["completionMode"], before["completionMode"], "spec.completionMode");
  policyImmutable(found, spec, before, "podFailurePolicy", "PodFailurePolicy");
  for (const field of ["backoffLimitPerIndex", "managedBy"]) immutable(found, spec[field], before[field], `spec.${field}`);
  policyImmutable(found, spec, before, "successPolicy", "SuccessPolicy");
}

function policyImmutable(found: Findings, spec: Fields, before: Fields, field: string, type: string): void {
  immutable(found, spec[field], before[field], `spec.${field}`, object(spec, field) && goStruct(type, object(spec, field)));
}

/** While a job is suspended, where and how its pods are scheduled may change, and what resources they have. */
function findInTemplateUpdate(found: Findings, spec: Fields, before: Fields): void {
  const template = object(spec, "template") ?? {};
  const old = object(before, "template") ?? {};
  const suspended = flag(before, "suspend") === true;
  const fixed = (each: Fields) => (suspended ? withoutScheduling(each) : each);
  if (!same(fixed(template), fixed(old))) found.invalid("spec.template", goStruct("PodTemplateSpec", template), "field is immutable");
}

function withoutScheduling(template: Fields): Fields {
  const { affinity, nodeSelector: _, tolerations: __, schedulingGates: ___, ...pod } = object(template, "spec") ?? {};
  const { nodeAffinity: ____, ...otherAffinity } = (affinity ?? {}) as Fields;
  const { labels: _____, annotations: ______, ...metadata } = object(template, "metadata") ?? {};
  const lists = ["containers", "initContainers"].map((list) => [
    list,
    objects(pod, list).map(({ resources: _r, ...container }) => container),
  ]);
  return { metadata, spec: { ...pod, ...Object.fromEntries(lists), affinity: otherAffinity } };
}

/** A CronJob appends eleven characters to its name for each job. */
const MAX_CRON_JOB_NAME = 52;

export function findInCronJob(found: Findings, cronJob: KubeObject, old?: KubeObject): void {
  const spec = object(cronJob, "spec") ?? {};
  findInSchedule(found, spec, object(old, "spec"));
  found.nonNegative("spec.startingDeadlineSeconds", number(spec, "startingDeadlineSeconds"));
  findInTimeZone(found, spec, object(old, "spec"));
  found.oneOf("spec.concurrencyPolicy", text(spec, "concurrencyPolicy"), ["Allow", "Forbid", "Replace"]);
  const job = object(object(spec, "jobTemplate"), "spec") ?? {};
  findInJobSpec(found, job, "spec.jobTemplate.spec");
  if (object(job, "selector"))
    found.invalid("spec.jobTemplate.spec.selector", shownSelector(job, "selector"), "`selector` will be auto-generated");
  if (flag(job, "manualSelector")) found.notSupported("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"]);
  found.nonNegative("spec.successfulJobsHistoryLimit", number(spec, "successfulJobsHistoryLimit"));
  found.nonNegative("spec.failedJobsHistoryLimit", number(spec, "failedJobsHistoryLimit"));
  const name = cronJob.metadata.name ?? "";
  if (!old && name.length > MAX_CRON_JOB_NAME) found.invalid("metadata.name", name, `must be no more than ${MAX_CRON_JOB_NAME} characters`);
}

function findInSchedule(found: Findings, spec: Fields, before: Fields | undefined): void {
  const schedule = text(spec, "schedule");
  const path = "spec.schedule";
  if (schedule === "") {
    found.required(path);
    return;
  }
  try {
    parseSchedule(schedule);
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    found.invalid(path, schedule, error.message);
  }
  if (!schedule.includes("TZ")) return;
  if (!text(before, "schedule").includes("TZ")) {
    found.invalid(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  } else if (optionalText(spec, "timeZone") !== undefined) {
    found.invalid(path, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
  }
}

function findInTimeZone(found: Findings, spec: Fields, before: Fields | undefined): void {
  const zone = optionalText(spec, "timeZone");
  if (zone === undefined || (before && zone === optionalText(before, "timeZone"))) return;
  const path = "spec.timeZone";
  if (zone === "") found.invalid(path, zone, "timeZone must be nil or non-empty string");
  else if (zone.split("/").some((part) => part.startsWith("-") || !/^[A-Za-z\d_+-]+$/.test(part))) {
    found.invalid(path, zone, `unknown time zone ${zone}`);
  } else {
    if (zone.toLowerCase() === "local") {
      found.invalid(path, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
    }
    if (!isTimeZone(zone)) found.invalid(path, zone, `unknown time zone ${zone}`);
  }
}
