import { ConfigMap, controller, type ManagerOptions } from "@outrigger/kit";

/** Counts, in each ConfigMap with the label `example.com/count`, how often it was reconciled, and says by whom. */
export const counting = (who: string) =>
  controller(ConfigMap, { name: "counting", select: { labelSelector: "example.com/count" }, verbs: ["patch"] }).reconcile(
    async ({ metadata, data }, ctx) => {
      if (data?.["by"] === who) return;
      await ctx.client.patch(ConfigMap, metadata, {
        type: "merge",
        patch: { data: { by: who, count: String(Number(data?.["count"] ?? 0) + 1) } },
      });
    },
  );

/**
 * Of several processes with one Lease, one leads and runs the controllers; the others keep their caches warm, and one of them
 * takes over: at once when the leader stops, after `leaseDurationMs` when it is killed.
 */
export const electing = (namespace: string): Pick<ManagerOptions, "leaderElection" | "name"> => ({
  name: "leader-election-example",
  leaderElection: { namespace, leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 500 },
});
