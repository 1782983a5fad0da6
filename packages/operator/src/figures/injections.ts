import type { MetricFamily, MetricValue } from "@outrigger/kit/metrics";
import type { Reason } from "../pod/index.ts";
import { counter } from "./family.ts";

/** Counts what rules did to pods at admission, by rule and result, and what pods claimed wrongly, by kind of rule. */
export class Injections {
  readonly #counts = new Map<string, { value: number; readonly labels: MetricValue["labels"] }>();
  readonly #rejected = new Map<string, number>([
    ["PodDefaults", 0],
    ["SidecarSet", 0],
    ["Template", 0],
  ]);

  count(reasons: readonly Reason[]): void {
    for (const { kind, rule, action, reason } of reasons) {
      if (reason === "ClaimRejected") {
        // The rule's name is the pod's word: whoever makes pods must not make up series.
        this.#rejected.set(kind, (this.#rejected.get(kind) ?? 0) + 1);
        continue;
      }
      const key = `${kind}/${rule}/${action}`;
      const known = this.#counts.get(key);
      if (known) known.value++;
      else this.#counts.set(key, { value: 1, labels: { kind, rule, result: action } });
    }
  }

  families(): readonly MetricFamily[] {
    const help = "What rules did to pods as they were made: applied, unchanged, skipped or refused";
    const claims = "What new pods claimed in their record that a rule did to them, and no rule would do";
    return [
      counter(
        "outrigger_injections_total",
        help,
        [...this.#counts.values()].map(({ value, labels }) => ({ value, labels })),
      ),
      counter(
        "outrigger_rejected_claims_total",
        claims,
        [...this.#rejected].map(([kind, value]) => ({ value, labels: { kind } })),
      ),
    ];
  }
}
