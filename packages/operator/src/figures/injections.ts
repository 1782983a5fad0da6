import type { MetricFamily, MetricValue } from "@outrigger/kit/metrics";
import type { Reason } from "../pod/index.ts";
import { counter } from "./family.ts";

/** Counts what rules did to pods at admission, by rule and result. */
export class Injections {
  readonly #counts = new Map<string, { value: number; readonly labels: MetricValue["labels"] }>();

  count(reasons: readonly Reason[]): void {
    for (const { kind, rule, action } of reasons) {
      const key = `${kind}/${rule}/${action}`;
      const known = this.#counts.get(key);
      if (known) known.value++;
      else this.#counts.set(key, { value: 1, labels: { kind, rule, result: action } });
    }
  }

  families(): readonly MetricFamily[] {
    const help = "What rules did to pods as they were made: applied, unchanged, skipped or refused";
    return [
      counter(
        "outrigger_injections_total",
        help,
        [...this.#counts.values()].map(({ value, labels }) => ({ value, labels })),
      ),
    ];
  }
}
