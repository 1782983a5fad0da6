import type { MetricFamily } from "@outrigger/kit/metrics";
import { counter, gauge } from "../figures/index.ts";

/** What overcommit counts; series stand at 0 from the start. */
export class OvercommitMetrics {
  readonly #reviews = new Map([
    ["kubelet", 0],
    ["other", 0],
  ]);
  #corrected = 0;
  readonly #writes = new Map([
    ["amplified", 0],
    ["repaired", 0],
    ["lowered", 0],
    ["restored", 0],
  ]);
  readonly #evictions = new Map([
    ["evicted", 0],
    ["refused", 0],
  ]);
  readonly #nodes = new Map<string, { readonly total: number; readonly held: number; readonly overcommitted: number }>();

  reviewed(by: "kubelet" | "other", corrected: boolean): void {
    this.#reviews.set(by, (this.#reviews.get(by) ?? 0) + 1);
    if (corrected) this.#corrected++;
  }

  wrote(what: "amplified" | "repaired" | "lowered" | "restored"): void {
    this.#writes.set(what, (this.#writes.get(what) ?? 0) + 1);
  }

  evicted(what: "evicted" | "refused"): void {
    this.#evictions.set(what, (this.#evictions.get(what) ?? 0) + 1);
  }

  policy(name: string, nodes: { readonly total: number; readonly held: number; readonly overcommitted: number } | undefined): void {
    if (nodes) this.#nodes.set(name, nodes);
    else this.#nodes.delete(name);
  }

  families(): readonly MetricFamily[] {
    const counts = (name: string, help: string, label: string, values: ReadonlyMap<string, number>): MetricFamily =>
      counter(
        name,
        help,
        [...values].map(([key, value]) => ({ value, labels: { [label]: key } })),
      );
    const nodes = (
      name: string,
      help: string,
      of: (nodes: { total: number; held: number; overcommitted: number }) => number,
    ): MetricFamily =>
      gauge(
        name,
        help,
        [...this.#nodes].map(([policy, one]) => ({ value: of(one), labels: { policy } })),
        "sum",
      );
    return [
      counts("outrigger_overcommit_reviews_total", "Writes of nodes' statuses that the webhook saw, by who wrote", "by", this.#reviews),
      counter("outrigger_overcommit_corrections_total", "Writes of nodes' statuses that the webhook changed", [
        { value: this.#corrected, labels: {} },
      ]),
      counts("outrigger_overcommit_writes_total", "Writes of nodes' statuses by the controller, by what they did", "what", this.#writes),
      counts("outrigger_overcommit_evictions_total", "Evictions that the controller asked for, by answer", "answer", this.#evictions),
      nodes("outrigger_overcommit_nodes", "Nodes that a policy counts for", ({ total }) => total),
      nodes("outrigger_overcommit_nodes_held", "Nodes whose ratio cannot be lowered yet", ({ held }) => held),
      nodes(
        "outrigger_overcommit_nodes_overcommitted",
        "Nodes whose pods request more than the node truly has",
        ({ overcommitted }) => overcommitted,
      ),
    ];
  }
}
