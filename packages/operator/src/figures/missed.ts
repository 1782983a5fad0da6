import { setImmediate } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { MetricFamily } from "@outrigger/kit/metrics";
import { decide, type Rules } from "../pipeline/index.ts";
import { type Pod, type Reason, readInjectionRecord } from "../pod/index.ts";
import type { SeenPod } from "../seen-pod/index.ts";
import { gauge } from "./family.ts";

/** Pods that are looked at before others get their turn, and for how long a count is good. */
const SLICE = 100;
const GOOD_FOR_MS = 60_000;

/** Pods that one count reads whole at most; the next count reads the next ones. */
const MOST_READ = 500;

export interface MissedSources {
  /** What is kept of the pods. */
  readonly pods: () => readonly SeenPod[];
  /** The whole pod from the API server; `undefined` where it is gone. */
  readonly whole: (pod: SeenPod) => Promise<Pod | undefined>;
  readonly rules: () => Rules;
  readonly namespaceLabels: (name: string) => Readonly<Record<string, string>>;
  /** When a rule was made, RFC 3339; `undefined` where that is not known. */
  readonly madeAt: (kind: string, rule: string) => string | undefined;
}

interface MissedRule {
  readonly kind: string;
  readonly rule: string;
}
/** What was found of a pod, and for which labels of it. */
interface Verdict {
  readonly labels: unknown;
  readonly missed: readonly MissedRule[];
}

/**
 * Pods that were made after a rule was, that the rule matches, and that have no trace of it: they were made while no manager
 * answered and the failure policy let them through, or before the API server knew that it should ask.
 *
 * Pods are first judged by their labels, which the cache has. Only those in which a rule older than the pod left no trace
 * are read whole, once for each state of the rules.
 *
 * Caveats
 * - A rule that came to match more pods by a change counts those that are older than the change.
 * - At most 500 pods are read for one count: where there are more, the figure rises over several counts.
 */
export class MissedPods {
  readonly #sources: MissedSources;
  #counted: Promise<readonly MetricFamily[]> | undefined;
  #at = Number.NEGATIVE_INFINITY;
  #verdicts = new Map<string, Verdict>();
  #judgedBy: Rules | undefined;

  constructor(sources: MissedSources) {
    this.#sources = sources;
  }

  /** The figures as of at most a minute ago. */
  families(): Promise<readonly MetricFamily[]> {
    if (performance.now() - this.#at > GOOD_FOR_MS || this.#counted === undefined) {
      this.#at = performance.now();
      this.#counted = this.#count();
    }
    return this.#counted;
  }

  async #count(): Promise<readonly MetricFamily[]> {
    const rules = this.#sources.rules();
    const missed = new Map<string, { value: number; labels: { kind: string; rule: string } }>();
    for (const { rule } of rules.sidecarSets.rules)
      missed.set(`SidecarSet/${rule.name}`, { value: 0, labels: { kind: "SidecarSet", rule: rule.name } });
    if (this.#judgedBy !== rules) this.#verdicts = new Map();
    this.#judgedBy = rules;
    const verdicts = new Map<string, Verdict>();
    let [looked, read] = [0, 0];
    for (const pod of this.#sources.pods()) {
      if (++looked % SLICE === 0) await setImmediate();
      if (!mayBeMissed(pod, rules, this.#sources)) continue;
      const { uid, labels } = pod.metadata;
      let verdict = this.#verdicts.get(uid);
      if (verdict === undefined || !isDeepStrictEqual(verdict.labels, labels)) {
        if (++read > MOST_READ) continue;
        const whole = await this.#sources.whole(pod).catch(() => undefined);
        if (whole === undefined) continue;
        verdict = { labels, missed: missedBy(whole, pod, rules, this.#sources) };
      }
      verdicts.set(uid, verdict);
      for (const { kind, rule } of verdict.missed) {
        const key = `${kind}/${rule}`;
        const known = missed.get(key) ?? { value: 0, labels: { kind, rule } };
        known.value++;
        missed.set(key, known);
      }
    }
    this.#verdicts = verdicts;
    return [gauge("outrigger_missed_pods", "Pods that a rule matches and that were made without it", [...missed.values()])];
  }
}

/** Whether a rule that is older than the pod matches its labels and left no trace in it, whatever the rest of the pod says. */
function mayBeMissed(pod: SeenPod, rules: Rules, sources: MissedSources): boolean {
  const { annotations: _, ...metadata } = pod.metadata;
  const reasons = matched({ metadata, spec: { containers: [] } } as unknown as Pod, rules, sources);
  return reasons.length > 0 && unexplained(pod, reasons, sources).length > 0;
}

function missedBy(whole: Pod, pod: SeenPod, rules: Rules, sources: MissedSources): readonly MissedRule[] {
  const applied = matched(whole, rules, sources).filter(({ action }) => action === "applied");
  return unexplained(pod, applied, sources).map(({ kind, rule }) => ({ kind, rule }));
}

function matched(pod: Pod, rules: Rules, { namespaceLabels }: MissedSources): readonly Reason[] {
  const { namespace = "", creationTimestamp = "" } = pod.metadata as { namespace?: string; creationTimestamp?: string };
  return decide(pod, rules, { namespace, namespaceLabels: namespaceLabels(namespace), now: creationTimestamp }).reasons;
}

/** Of the rules that act on a pod those that are older than it and left no trace. */
function unexplained(pod: { readonly metadata: object }, reasons: readonly Reason[], { madeAt }: MissedSources): readonly Reason[] {
  const { creationTimestamp = "" } = pod.metadata as { creationTimestamp?: string };
  const newer = reasons.filter(({ kind, rule }) => (madeAt(kind, rule) ?? "~") < creationTimestamp);
  if (newer.length === 0) return newer;
  const traces = new Set(
    readInjectionRecord(pod as never).flatMap(({ rule, action, reason }) =>
      // What the pod contradicts is no trace of a rule.
      action === "skipped" && reason === "ClaimRejected" ? [] : [rule],
    ),
  );
  return newer.filter(({ kind, rule }) => !traces.has(`${kind}/${rule}`));
}
