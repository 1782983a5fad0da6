import { type Amounts, podRequests } from "@outrigger/machinery/kinds";
import type { Node, Pod } from "../../objects/index.ts";
import { type Misfit, matchesTerm, misfit, tolerates } from "./fit.ts";
import type { ClusterState } from "./node-state.ts";
import type { PodVolumes } from "./volumes.ts";

export type Choice = { readonly node: string } | { readonly message: string };

/** The node for a pod: of those that it fits, the best scored; else what keeps it off each. */
export function choose(pod: Pod, state: ClusterState, volumes: PodVolumes): Choice {
  // A problem that no node can solve is reported once, not for each node.
  if (volumes.problem !== undefined && state.size > 0)
    return { message: `0/${state.size} nodes are available: ${volumes.problem}. not found` };
  let best: { readonly name: string; readonly score: number } | undefined;
  const misfits: Misfit[] = [];
  for (const { node, allocatable } of state.nodes) {
    const problem = misfit(pod, node, allocatable, state) ?? volumeMisfit(volumes, node);
    if (problem) {
      misfits.push(problem);
      continue;
    }
    const score = scoreOf(pod, node, allocatable, state);
    if (!best || score > best.score) best = { name: node.metadata.name, score };
  }
  return best ? { node: best.name } : { message: unfit(misfits) };
}

function volumeMisfit(volumes: PodVolumes, node: Node): Misfit | undefined {
  const reason = volumes.misfit(node);
  return reason === undefined ? undefined : { reasons: [reason], fixed: true };
}

/** After `FitError.Error` and the default preemption's own report. */
function unfit(misfits: readonly Misfit[]): string {
  if (misfits.length === 0) return "no nodes available to schedule pods";
  const total = misfits.length;
  const available = (reasons: readonly string[]): string => `0/${total} nodes are available: ${histogram(reasons)}.`;
  const preemption = misfits.map(({ fixed }) =>
    fixed ? "Preemption is not helpful for scheduling" : "No preemption victims found for incoming pod",
  );
  return `${available(misfits.flatMap(({ reasons }) => reasons))} no new claims to deallocate, preemption: ${available(preemption)}`;
}
function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return Array.from(counts, ([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(", ");
}

/** Preferences first, then room, then distance to pods of the same owner. */
function scoreOf(pod: Pod, node: Node, allocatable: Amounts, state: ClusterState): number {
  const use = state.use(node.metadata.name);
  const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const wished = preferred.filter(({ preference }) => matchesTerm(preference, node)).reduce((sum, { weight }) => sum + weight, 0);
  const shunned = (node.spec?.taints ?? []).filter((taint) => taint.effect === "PreferNoSchedule" && !tolerates(pod.spec, taint)).length;
  const requests = podRequests(pod.spec);
  const free = ["cpu", "memory", "pods"].map((resource) => {
    const all = allocatable[resource] ?? 0;
    return all === 0 ? 0 : 1 - (use.used(resource) + (requests[resource] ?? 0)) / all;
  });
  const owner = pod.metadata.ownerReferences?.[0]?.uid;
  let siblings = 0;
  // Counting siblings on a full node costs more than it tells.
  if (owner !== undefined && state.size > 1)
    for (const { pod: other } of use.pods.values()) if (other.metadata.ownerReferences?.[0]?.uid === owner) siblings++;
  return wished * 100 - shunned * 300 + (free.reduce((sum, part) => sum + part, 0) / free.length) * 100 - siblings * 50;
}
