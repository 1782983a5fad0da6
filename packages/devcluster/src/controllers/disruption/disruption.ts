import { isDeepStrictEqual } from "node:util";
import { controllerOf, labelSelector, objectKey, scaledIntOrPercent } from "@outrigger/kit/api";
import { controller, startController } from "@outrigger/kit/controller";
import { Deployment, Pod, PodDisruptionBudget, ReplicaSet, StatefulSet } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { hasEnded, isReady } from "../pods/index.ts";
import { againAfterConflict, MANAGER, timestamp, writeStatus } from "../writes.ts";

/** Counts for each PodDisruptionBudget how many of its pods may go (`pkg/controller/disruption`). */
export const disruptionLoop: Loop = ({ client, informers, log }) => {
  const budgets = informers.for(PodDisruptionBudget);
  const covering = (pod: Pod) =>
    budgets.lister
      .list({ namespace: pod.metadata.namespace })
      .filter(({ spec }) => spec.selector && labelSelector(spec.selector).matches(pod.metadata.labels))
      .map(objectKey);
  const loop = controller(PodDisruptionBudget, { name: "disruption-controller", fieldManager: MANAGER, workers: 1 })
    .watches(Pod, (now, before) => (before && before.metadata.resourceVersion === now.metadata.resourceVersion ? [] : covering(now)))
    .uses(ReplicaSet)
    .uses(Deployment)
    .uses(StatefulSet)
    .reconcile(
      againAfterConflict(async (budget, ctx) => {
        const { namespace, generation } = budget.metadata;
        const { minAvailable, maxUnavailable, selector } = budget.spec;
        const chosen = labelSelector(selector);
        const pods = selector ? ctx.list(Pod, { namespace, labels: chosen.toString() }).filter((pod) => !hasEnded(pod)) : [];
        // The size that the pods' owners aim at, not how many there are.
        const scale = (): number => {
          const owners = new Map<string, number>();
          for (const pod of pods) {
            const reference = controllerOf(pod);
            if (!reference) continue;
            const key = { namespace, name: reference.name };
            if (reference.kind === "StatefulSet") owners.set(reference.uid, ctx.get(StatefulSet, key)?.spec.replicas ?? 1);
            else {
              const set = ctx.get(ReplicaSet, key);
              const above = set && controllerOf(set);
              const deployment = above && ctx.get(Deployment, { namespace, name: above.name });
              owners.set(above?.uid ?? reference.uid, deployment?.spec.replicas ?? set?.spec.replicas ?? 1);
            }
          }
          return [...owners.values()].reduce((sum, replicas) => sum + replicas, 0);
        };
        const byCount = maxUnavailable === undefined && typeof minAvailable === "number";
        const expectedPods = byCount ? pods.length : scale();
        const desiredHealthy =
          maxUnavailable === undefined
            ? scaledIntOrPercent(minAvailable ?? 1, expectedPods, true)
            : Math.max(0, expectedPods - scaledIntOrPercent(maxUnavailable, expectedPods, true));
        const disrupted = budget.status?.disruptedPods ?? {};
        const currentHealthy = pods.filter(
          (pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined && !(pod.metadata.name in disrupted),
        ).length;
        const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
        const before = budget.status?.conditions?.find(({ type }) => type === "DisruptionAllowed");
        const status = disruptionsAllowed > 0 ? "True" : "False";
        const condition = {
          type: "DisruptionAllowed",
          status,
          reason: disruptionsAllowed > 0 ? "SufficientPods" : "InsufficientPods",
          message: "",
          observedGeneration: generation,
          lastTransitionTime: before?.status === status ? before.lastTransitionTime : timestamp(),
        };
        // A pod that went, or did not go within two minutes, is no longer on its way.
        const leaving = Object.fromEntries(
          Object.entries(disrupted).filter(
            ([name, at]) =>
              pods.some((pod) => pod.metadata.name === name && pod.metadata.deletionTimestamp === undefined) &&
              Date.parse(String(at)) > Date.now() - 120_000,
          ),
        );
        const next = {
          observedGeneration: generation,
          disruptionsAllowed,
          currentHealthy,
          desiredHealthy,
          expectedPods,
          conditions: [condition],
          ...(Object.keys(leaving).length > 0 ? { disruptedPods: leaving } : {}),
        };
        if (!isDeepStrictEqual(next, budget.status)) await writeStatus(client, PodDisruptionBudget, budget, next, ctx.signal);
      }),
    );
  return startController(loop, { client, informers, log });
};
