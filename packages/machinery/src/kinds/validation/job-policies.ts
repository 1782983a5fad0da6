import { qualifiedNameProblems } from "@outrigger/kit/api";
import { type Fields, number, object, objects, optionalText, text } from "./fields.ts";
import type { Findings } from "./findings.ts";

const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];
const STATUSES = ["False", "True", "Unknown"];
const MAX_RULES = 20;

/** Go's `%q` of a list. */
function quoted(names: readonly string[]): string {
  return `[${names.map((name) => JSON.stringify(name)).join(" ")}]`;
}

function choice(found: Findings, value: string, supported: readonly string[], path: string): void {
  if (value === "") found.required(path, `valid values: ${quoted(supported)}`);
  else if (!supported.includes(value)) found.notSupported(path, value, supported);
}

/** What a Job does about failed pods. */
export function findInFailurePolicy(found: Findings, job: Fields, path: string): void {
  const policy = object(job, "podFailurePolicy");
  if (!policy) return;
  const rules = objects(policy, "rules");
  const pod = object(object(job, "template"), "spec");
  const containers = new Set(["containers", "initContainers"].flatMap((list) => objects(pod, list).map((each) => text(each, "name"))));
  if (rules.length > MAX_RULES) found.tooMany(`${path}.rules`, rules.length, MAX_RULES);
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rules[${index}]`;
    const action = text(rule, "action");
    if (action === "FailIndex") {
      if (number(job, "backoffLimitPerIndex") === undefined) {
        found.invalid(`${at}.action`, action, "requires the backoffLimitPerIndex to be set");
      }
    } else choice(found, action, ACTIONS, `${at}.action`);
    const codes = object(rule, "onExitCodes");
    const conditions = objects(rule, "onPodConditions");
    if (codes) findInExitCodes(found, codes, containers, `${at}.onExitCodes`);
    findInConditionPatterns(found, conditions, `${at}.onPodConditions`);
    if (codes && conditions.length > 0) found.invalidWhole(at, "specifying both OnExitCodes and OnPodConditions is not supported");
    if (!codes && conditions.length === 0) found.invalidWhole(at, "specifying one of OnExitCodes and OnPodConditions is required");
  }
}

function findInConditionPatterns(found: Findings, patterns: readonly Fields[], path: string): void {
  if (patterns.length > MAX_RULES) found.tooMany(path, patterns.length, MAX_RULES);
  for (const [index, pattern] of patterns.entries()) {
    const type = text(pattern, "type");
    found.invalidEach(`${path}[${index}].type`, type, qualifiedNameProblems(type));
    choice(found, text(pattern, "status"), STATUSES, `${path}[${index}].status`);
  }
}

function findInExitCodes(found: Findings, codes: Fields, containers: ReadonlySet<string>, path: string): void {
  const operator = text(codes, "operator");
  choice(found, operator, ["In", "NotIn"], `${path}.operator`);
  const container = optionalText(codes, "containerName");
  if (container !== undefined && !containers.has(container)) {
    found.invalid(`${path}.containerName`, container, "must be one of the container or initContainer names in the pod template");
  }
  const listed = codes["values"];
  const values: readonly number[] = Array.isArray(listed) ? listed : [];
  if (values.length === 0) found.invalid(`${path}.values`, listed ?? null, "at least one value is required");
  else if (values.length > 255) found.tooMany(`${path}.values`, values.length, 255);
  values.forEach((value, index) => {
    const at = `${path}.values[${index}]`;
    if (operator === "In" && value === 0) found.invalid(at, value, "must not be 0 for the In operator");
    if (values.indexOf(value) < index) found.duplicate(at, value);
  });
  if (values.some((value, index) => index > 0 && (values[index - 1] ?? 0) > value)) {
    found.invalid(`${path}.values`, values, "must be ordered");
  }
}

/** When an indexed Job has succeeded before all its pods have. */
export function findInSuccessPolicy(found: Findings, job: Fields, path: string): void {
  const rules = objects(object(job, "successPolicy"), "rules");
  const completions = number(job, "completions") ?? 0;
  if (rules.length === 0) found.required(`${path}.rules`, "at least one rules must be specified when the successPolicy is specified");
  if (rules.length > MAX_RULES) found.tooMany(`${path}.rules`, rules.length, MAX_RULES);
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rules[${index}]`;
    const count = number(rule, "succeededCount");
    const indexes = optionalText(rule, "succeededIndexes");
    if (count === undefined && indexes === undefined) {
      found.required(at, "at least one of succeededCount or succeededIndexes must be specified");
    }
    const total = indexes === undefined ? 0 : countIndexes(indexes, completions);
    if (typeof total === "string") {
      found.invalid(`${at}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${total}`);
    }
    if (count === undefined) continue;
    found.nonNegative(`${at}.succeededCount`, count);
    if (count > completions) {
      const problem = `must be less than or equal to ${completions} (the number of specified completions)`;
      found.invalid(`${at}.succeededCount`, count, problem);
    }
    const listed = typeof total === "string" ? 0 : total;
    if (indexes !== undefined && count > listed) {
      const problem = `must be less than or equal to ${listed} (the number of indexes in the specified succeededIndexes field)`;
      found.invalid(`${at}.succeededCount`, count, problem);
    }
  }
}

/** How many indexes a list like `0,2-4` names, or what is wrong with it. */
function countIndexes(list: string, completions: number): number | string {
  if (list === "") return 0;
  let last = -1;
  let total = 0;
  for (const interval of list.split(",")) {
    const limits = interval.split("-");
    if (limits.length > 2) {
      return `the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`;
    }
    for (const limit of limits) {
      if (!/^[+-]?\d+$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
      if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
    }
    const [first = 0, end = first] = limits.map(Number);
    if (limits.length === 2 && first >= end) return `non-increasing order, previous: ${first}, current: ${end}`;
    if (last >= first) return `non-increasing order, previous: ${last}, current: ${first}`;
    total += end - first + 1;
    last = end;
  }
  return total;
}
