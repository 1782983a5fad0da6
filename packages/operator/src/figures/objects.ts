import type { MetricFamily } from "@outrigger/kit/metrics";
import type { NetworkFaultObject } from "../faults/index.ts";
import type { SidecarSet } from "../sidecarset/index.ts";
import { gauge } from "./family.ts";

/** How far each set's rollout is, from its status. */
export function rolloutFamilies(sets: readonly SidecarSet[]): readonly MetricFamily[] {
  const values = sets.flatMap(({ metadata, status }) => {
    const { matchedPods = 0, updatedPods = 0, readyPods = 0, updatedReadyPods = 0 } = (status ?? {}) as Record<string, number>;
    const states = { matched: matchedPods, updated: updatedPods, ready: readyPods, updated_ready: updatedReadyPods };
    return Object.entries(states).map(([state, value]) => ({ value, labels: { sidecarset: metadata.name ?? "", state } }));
  });
  const claims = sets.map(({ metadata, status }) => {
    const { rejectedClaims = 0 } = (status ?? {}) as Record<string, number>;
    return { value: rejectedClaims, labels: { sidecarset: metadata.name ?? "" } };
  });
  return [
    gauge("outrigger_sidecarset_pods", "Pods of a SidecarSet: matched, updated, ready, and both", values),
    gauge("outrigger_sidecarset_rejected_claims", "Pods whose record claims what the SidecarSet did not do to them", claims),
  ];
}

/** Network faults by state, and the pods that have, or may have, one. */
export function faultFamilies(faults: readonly NetworkFaultObject[]): readonly MetricFamily[] {
  const states = new Map<string, number>(["Pending", "Applied", "Partial", "Failed", "Recovering"].map((state) => [state, 0]));
  const pods = new Map<string, number>([
    ["Pending", 0],
    ["Applied", 0],
    ["Failed", 0],
  ]);
  for (const { status } of faults) {
    const state = status?.state ?? "Pending";
    states.set(state, (states.get(state) ?? 0) + 1);
    for (const pod of status?.pods ?? []) if (pod.state !== "Recovered") pods.set(pod.state, (pods.get(pod.state) ?? 0) + 1);
  }
  const by = (counts: ReadonlyMap<string, number>) => [...counts].map(([state, value]) => ({ value, labels: { state } }));
  return [
    gauge("outrigger_network_faults", "NetworkFaults by the state of their status", by(states)),
    gauge("outrigger_network_fault_pods", "Pods that have a network fault, or may have it, by state", by(pods)),
  ];
}
