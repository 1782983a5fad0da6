import { CLAIMED_WRONGLY, type InjectionEntry, type Pod, type Reason, readInjectionRecord } from "../pod/index.ts";
import { type DecideContext, decide, pastOf } from "./decide.ts";
import type { Rules } from "./rules.ts";

/** One rule's answer to "why has this pod, or has not, …?". */
export interface Explanation {
  /** `<kind>/<name>`. */
  readonly rule: string;
  /**
   * - `recorded`: the pod's annotation says it, and today's rules confirm it.
   * - `claimed`: the pod's annotation says it, and today's rules do not confirm it. The reason is `ClaimRejected`.
   * - `recomputed`: what today's rules would do to the pod.
   */
  readonly source: "recorded" | "claimed" | "recomputed";
  readonly action: Reason["action"];
  readonly reason: Reason["reason"];
  readonly message: string;
  readonly containers: readonly string[];
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
  readonly env: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Why a pod has, or lacks, what each rule could give it: from its own annotation where today's rules confirm what the annotation
 * says, else by deciding again with today's rules. Whoever may patch the pod can write the annotation after admission, so what
 * the rules do not confirm is told as a claim of its own, after what they would do.
 */
export function explainPod(pod: Pod, rules: Rules, given: DecideContext): readonly Explanation[] {
  const context: DecideContext = { ...given, operation: "CREATE", everyRule: true };
  const claims = new Map(readInjectionRecord(pod).map((entry) => [entry.rule, entry]));
  const { entries, rejected } = pastOf(pod, rules, context);
  const confirmed = new Map(entries.map((entry) => [entry.rule, entry]));
  const explanations: Explanation[] = [];
  const known = new Set<string>();
  // Said to be done, without a word what, while the rule still has work in this pod.
  const contradicted = new Set<string>();
  for (const reason of decide(pod, rules, context).reasons) {
    if (reason.reason === "ClaimRejected") continue;
    const rule = `${reason.kind}/${reason.rule}`;
    known.add(rule);
    const entry = confirmed.get(rule);
    const idle = entry !== undefined && reason.action === "applied" && isEmpty(entry);
    if (idle) contradicted.add(rule);
    const holds = entry !== undefined && entry.reason !== "ClaimRejected" && !idle && !rejected.has(rule);
    explanations.push(holds ? remembered(entry) : recomputed(rule, reason, claims.get(rule)));
  }
  for (const [rule, entry] of claims) {
    const there = known.has(rule);
    const problems = [
      ...(rejected.get(rule) ?? []),
      ...(there ? [] : ["the rule is not there"]),
      ...(contradicted.has(rule) ? ["the rule would still act on this pod"] : []),
    ];
    if (entry.reason === "ClaimRejected") explanations.push(claimed(rule, REJECTED_THEN, entry.problems ?? []));
    else if (problems.length > 0) explanations.push(claimed(rule, `${done(entry)}, as its annotation claims; ${REJECTED_NOW}`, problems));
  }
  return explanations;
}

const REJECTED_THEN = "when the pod was made, its annotation claimed what the rules did not confirm";
const REJECTED_NOW =
  "today's rules do not confirm it: the rule, the pod or its namespace was changed after the pod was made, or somebody else wrote the annotation";

function isEmpty({ rule: _rule, action, reason: _reason, problems: _problems, ...lists }: InjectionEntry): boolean {
  return action !== "skipped" && Object.keys(lists).length === 0;
}

/** What an entry says was done. */
function done({ action, containers = [], labels = [], annotations = [], env = [] }: InjectionEntry): string {
  const all = [
    ...containers.map((name) => `container ${name}`),
    ...labels.map((name) => `label ${name}`),
    ...annotations.map((name) => `annotation ${name}`),
    ...env.map((name) => `variable ${name}`),
  ];
  return `${words(action === "skipped" || all.length === 0 ? action : all.join(", "))} when the pod was admitted`;
}

function remembered(entry: InjectionEntry): Explanation {
  const { rule, action, reason, containers = [], labels = [], annotations = [], env = [], problems = [] } = entry;
  const code = words(reason) as Reason["reason"];
  const message = done(entry);
  return { rule, source: "recorded", action, reason: code, message, containers, labels, annotations, env, problems: problems.map(words) };
}

function claimed(rule: string, message: string, problems: readonly string[]): Explanation {
  return {
    rule: words(rule),
    source: "claimed",
    action: "skipped",
    reason: "ClaimRejected",
    message,
    containers: [],
    labels: [],
    annotations: [],
    env: [],
    problems: problems.map(words),
  };
}

function recomputed(rule: string, reason: Reason, claim: InjectionEntry | undefined): Explanation {
  const { action, containers = [], labels = [], annotations = [], env = [], problems = [] } = reason;
  const late = action === "applied" ? `would act on a pod created now, ${word(claim)}; ` : "";
  return {
    rule,
    source: "recomputed",
    action,
    reason: reason.reason,
    message: late + reason.message,
    containers,
    labels,
    annotations,
    env,
    // Those are told in lines of their own.
    problems: problems.filter((problem) => !problem.startsWith(CLAIMED_WRONGLY)).map(words),
  };
}

function word(claim: InjectionEntry | undefined): string {
  return claim === undefined
    ? "but left no word in this one: it was admitted before the rule, or past the webhook"
    : `and does not confirm what this one's annotation says: ${words(claim.action)} (${words(claim.reason)})`;
}

const LONGEST = 300;

/** A stranger's words, as a terminal may show them: short, and without control characters. */
function words(text: unknown): string {
  const plain = String(text).replace(/\p{C}/gu, "\ufffd");
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain;
}
