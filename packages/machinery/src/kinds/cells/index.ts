/**
 * What `kubectl get` shows of Kubernetes' own kinds: the cells of the server's tables.
 *
 * Guarantees
 * - A cell for each of the row's columns, those of `-o wide` included, in their order; ages are told at `now`.
 * - Never throws: what is missing is said as Kubernetes says it (`<none>`, `<unset>`, `<unknown>`), and an object with
 *   nothing in it (a bookmark) has cells too.
 *
 * Caveats
 * - IPAddress has one cell more than it has columns, as in Kubernetes.
 */
import type { KubeObject } from "@outrigger/kit/api";
import type { KindRow } from "../row.ts";
import { accessCells } from "./access.ts";
import { admissionCells } from "./admission.ts";
import { autoscalingCells } from "./autoscaling.ts";
import { clusterCells } from "./cluster.ts";
import { configurationCells } from "./configuration.ts";
import { eventCells } from "./events.ts";
import { networkCells } from "./network.ts";
import { podCells } from "./pods.ts";
import type { Printers } from "./printer.ts";
import { storageCells } from "./storage.ts";
import { workloadCells } from "./workloads.ts";

export { humanDuration } from "./human-duration.ts";
export { type RowCondition, rowConditions } from "./row-conditions.ts";

/** Keyed by `group/kind`. */
const printers: Printers = {
  ...accessCells,
  ...admissionCells,
  ...autoscalingCells,
  ...clusterCells,
  ...configurationCells,
  ...eventCells,
  ...networkCells,
  ...podCells,
  ...storageCells,
  ...workloadCells,
};

/** The cells of one object, in the order of `row.columns`. */
export function cells(row: Pick<KindRow, "group" | "kind">, object: KubeObject, now: Date): unknown[] {
  const print = printers[`${row.group}/${row.kind}`];
  return print ? print(object, now) : [object.metadata.name ?? "", object.metadata.creationTimestamp ?? "0001-01-01T00:00:00Z"];
}
