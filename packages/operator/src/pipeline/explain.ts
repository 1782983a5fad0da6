import { type InjectionEntry, type Pod, type Reason, readInjectionRecord } from "../pod/index.ts";
import { type DecideContext, decide } from "./decide.ts";
import type { Rules } from "./rules.ts";

/** One rule's answer to "why has this pod, or has not, …?". */
export interface Explanation {
  /** `<kind>/<name>`. */
  readonly rule: string;
  /** `recorded` was true when the pod was admitted; `recomputed` is what today's rules would do to it. */
  readonly source: "recorded" | "recomputed";
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
 * Why a pod has, or lacks, what each rule could give it: from its own annotation where a rule left word there, else by
 * deciding again with today's rules.
 */
export function explainPod(pod: Pod, rules: Rules, context: DecideContext): readonly Explanation[] {
  const recorded = new Map(readInjectionRecord(pod).map((entry) => [entry.rule, entry]));
  const explanations: Explanation[] = [];
  for (const reason of decide(pod, rules, { ...context, operation: "CREATE", everyRule: true }).reasons) {
    const rule = `${reason.kind}/${reason.rule}`;
    const entry = recorded.get(rule);
    recorded.delete(rule);
    explanations.push(entry === undefined ? recomputed(rule, reason) : remembered(entry));
  }
  for (const entry of recorded.values()) explanations.push(remembered(entry, "; the rule is no longer there"));
  return explanations;
}

function remembered(entry: InjectionEntry, more = ""): Explanation {
  const { rule, action, reason, containers = [], labels = [], annotations = [], env = [], problems = [] } = entry;
  const done = [
    ...containers.map((name) => `container ${name}`),
    ...labels.map((name) => `label ${name}`),
    ...annotations.map((name) => `annotation ${name}`),
    ...env.map((name) => `variable ${name}`),
  ];
  const what =
    action === "skipped" || done.length === 0 ? `${action} when the pod was admitted` : `${done.join(", ")} when the pod was admitted`;
  return { rule, source: "recorded", action, reason, message: what + more, containers, labels, annotations, env, problems };
}

function recomputed(rule: string, reason: Reason): Explanation {
  const { action, containers = [], labels = [], annotations = [], env = [], problems = [] } = reason;
  const late =
    action === "applied"
      ? "would act on a pod created now, but left no word in this one: it was admitted before the rule, or past the webhook; "
      : "";
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
    problems,
  };
}
