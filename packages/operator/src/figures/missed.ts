import { setImmediate } from "node:timers/promises";
import { decide, type Rules } from "../pipeline/index.ts";
import { type Pod, readInjectionRecord } from "../pod/index.ts";
import { gauge, type MetricFamily } from "./family.ts";

/** Pods that are looked at before others get their turn, and for how long a count is good. */
const SLICE = 100;
const GOOD_FOR_MS = 60_000;

export interface MissedSources {
  readonly pods: () => readonly Pod[];
  readonly rules: () => Rules;
  readonly namespaceLabels: (name: string) => Readonly<Record<string, string>>;
  /** When a rule was made, RFC 3339; `undefined` where that is not known. */
  readonly madeAt: (kind: string, rule: string) => string | undefined;
}

/**
 * Pods that were made after a rule was, that the rule matches, and that have no trace of it: they were made while no manager
 * answered and the failure policy let them through, or before the API server knew that it should ask.
 *
 * Caveat: a rule that came to match more pods by a change counts those that are older than the change.
 */
export class MissedPods {
  readonly #sources: MissedSources;
  #counted: Promise<readonly MetricFamily[]> | undefined;
  #at = Number.NEGATIVE_INFINITY;

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
    let looked = 0;
    for (const pod of this.#sources.pods()) {
      if (++looked % SLICE === 0) await setImmediate();
      for (const { kind, rule } of missedBy(pod, rules, this.#sources)) {
        const key = `${kind}/${rule}`;
        const known = missed.get(key) ?? { value: 0, labels: { kind, rule } };
        known.value++;
        missed.set(key, known);
      }
    }
    return [gauge("outrigger_missed_pods", "Pods that a rule matches and that were made without it", [...missed.values()])];
  }
}

function missedBy(
  pod: Pod,
  rules: Rules,
  { namespaceLabels, madeAt }: MissedSources,
): readonly { readonly kind: string; readonly rule: string }[] {
  const { namespace = "", creationTimestamp = "" } = pod.metadata as { namespace?: string; creationTimestamp?: string };
  const { reasons } = decide(pod, rules, { namespace, namespaceLabels: namespaceLabels(namespace), now: creationTimestamp });
  const applied = reasons.filter(({ action }) => action === "applied");
  if (applied.length === 0) return [];
  const traces = new Set(readInjectionRecord(pod).map(({ rule }) => rule));
  return applied.filter(({ kind, rule }) => {
    const made = madeAt(kind, rule);
    return !traces.has(`${kind}/${rule}`) && made !== undefined && made < creationTimestamp;
  });
}
