import { isDeepStrictEqual } from "node:util";
import { controllerOf, type LabelSelector, labelSelector } from "@outrigger/kit/api";
import type { Informer } from "@outrigger/kit/cache";
import { type Context, controller, requeue, startController } from "@outrigger/kit/controller";
import { Pod, ReplicaSet, ReplicationController } from "../../objects/index.ts";
import { BY_OWNER, orphansIn } from "../indexes.ts";
import type { Loop, LoopRuntime, RunningLoop } from "../loop.ts";
import { byDispensability, claim, isActive, podFromTemplate, readySince, slowStart } from "../pods/index.ts";
import { Rest } from "../rest.ts";
import { againAfterConflict, MANAGER, refusesContent, writeStatus } from "../writes.ts";
import { statusOf } from "./status.ts";

type Ctx = Context<typeof ReplicaSet, typeof Pod>;
type Failure = { readonly reason: string; readonly message: string; readonly error: unknown };

/** Pods made or deleted in one go. */
const BURST = 500;

/** The two kinds that keep replicas. They differ in how they select pods and in what their status says. */
interface ReplicaKind {
  readonly resource: typeof ReplicaSet;
  readonly component: string;
  selector(set: ReplicaSet): LabelSelector;
  status(status: ReturnType<typeof statusOf>): ReturnType<typeof statusOf>;
}

/**
 * Keeps as many pods as each ReplicaSet asks for: adopts and releases them, makes missing ones from the template, deletes
 * the most dispensable, and counts what there is (`pkg/controller/replicaset`).
 *
 * No pod is made twice under a stale cache: a set is not looked at again before the cache shows what was made for it.
 */
export const replicaSetLoop: Loop = replicaLoop({
  resource: ReplicaSet,
  component: "replicaset-controller",
  selector: ({ spec }) => spec.selector,
  status: (status) => status,
});

/** The same for ReplicationControllers, whose selector is a plain map (`pkg/controller/replication`). */
export const replicationControllerLoop: Loop = replicaLoop({
  resource: ReplicationController as unknown as typeof ReplicaSet,
  component: "replication-controller",
  selector: ({ spec }) => ({ matchLabels: spec.selector as unknown as Record<string, string> }),
  status({ terminatingReplicas: _unknown, ...status }) {
    return status;
  },
});

function replicaLoop(kind: ReplicaKind): Loop {
  return (runtime) => startReplicaLoop(kind, runtime);
}

function startReplicaLoop(kind: ReplicaKind, { client, informers, reporter, log }: LoopRuntime): RunningLoop {
  const { resource, component } = kind;
  const pods = informers.for(Pod);
  const sets = informers.for(resource);
  const rest = new Rest();
  const loop = controller(resource, { name: component, fieldManager: MANAGER, workers: 5 })
    .owns(Pod)
    .watches(Pod, (pod) => (controllerOf(pod) || pod.metadata.deletionTimestamp ? [] : selectedBy(kind, sets, pod)))
    .reconcile(
      againAfterConflict(async (set, ctx) => {
        const left = rest.left(set.metadata.uid);
        if (left !== undefined) return requeue.after(left);
        const namespace = set.metadata.namespace;
        const claimed = await claim(client, resource, set, {
          resource: Pod,
          owned: ctx.owned(Pod),
          orphans: orphansIn(pods, namespace),
          selector: kind.selector(set),
          mayAdopt: isActive,
          writer: ctx,
        });
        rest.took(set.metadata.uid, claimed.length);
        const failure =
          set.metadata.deletionTimestamp === undefined
            ? await scale(set, claimed.filter(isActive), ctx, () => relatedPods(set, sets, pods))
            : undefined;
        const now = new Date();
        const status = kind.status(statusOf(set, claimed, failure, now));
        if (!isDeepStrictEqual(status, set.status)) await writeStatus(client, resource, set, status, ctx.signal);
        if (failure) throw failure.error;
        const later = nextAvailable(set, claimed, now.getTime());
        return later === undefined ? undefined : requeue.after(later);
      }),
    );
  return startController(loop, { client, informers, events: reporter(component), log });
}

/** An orphan wakes the sets that could adopt it. */
function selectedBy(
  { selector }: ReplicaKind,
  sets: Informer<typeof ReplicaSet>,
  pod: Pod,
): readonly { namespace: string; name: string }[] {
  return sets.lister
    .list({ namespace: pod.metadata.namespace })
    .filter((set) => labelSelector(selector(set)).matches(pod.metadata.labels))
    .map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name }));
}

async function scale(set: ReplicaSet, active: readonly Pod[], ctx: Ctx, related: () => readonly Pod[]): Promise<Failure | undefined> {
  const missing = (set.spec.replicas ?? 1) - active.length;
  if (missing > 0) return create(set, Math.min(missing, BURST), ctx);
  if (missing < 0) return remove(active, Math.min(-missing, BURST), ctx, related);
  return undefined;
}

async function create(set: ReplicaSet, count: number, ctx: Ctx): Promise<Failure | undefined> {
  const pod = podFromTemplate(set.spec.template as never, set);
  const { error } = await slowStart(count, async () => {
    try {
      const made = await ctx.create(Pod, pod as never);
      ctx.event("SuccessfulCreate", `Created pod: ${made.metadata.name}`);
    } catch (problem) {
      if (!refusesContent(problem)) ctx.event("FailedCreate", `Error creating: ${(problem as Error).message}`, { type: "Warning" });
      throw problem;
    }
  });
  if (error === undefined || refusesContent(error)) return undefined;
  return { reason: "FailedCreate", message: (error as Error).message, error };
}

async function remove(active: readonly Pod[], count: number, ctx: Ctx, related: () => readonly Pod[]): Promise<Failure | undefined> {
  const chosen = byDispensability(active, crowds(related()), Date.now()).slice(0, count);
  const results = await Promise.allSettled(
    chosen.map(async (pod) => {
      try {
        await ctx.delete(pod);
        ctx.event("SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
      } catch (problem) {
        ctx.event("FailedDelete", `Error deleting: ${(problem as Error).message}`, { type: "Warning" });
        throw problem;
      }
    }),
  );
  const failed = results.find((result) => result.status === "rejected");
  return failed && { reason: "FailedDelete", message: String((failed.reason as Error).message), error: failed.reason };
}

/** Active pods of all sets with the same owner: spreading is judged over a whole Deployment. */
function relatedPods(set: ReplicaSet, sets: Informer<typeof ReplicaSet>, pods: Informer<typeof Pod>): readonly Pod[] {
  const owner = controllerOf(set)?.uid;
  const related = owner === undefined ? [set] : sets.lister.byIndex(BY_OWNER, owner);
  return related.flatMap(({ metadata }) => pods.lister.byIndex(BY_OWNER, metadata.uid)).filter(isActive);
}

/** How many of these pods share a node with a pod. */
function crowds(related: readonly Pod[]): (pod: Pod) => number {
  const counts = new Map<string, number>();
  for (const { spec } of related) if (spec.nodeName) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1);
  return ({ spec }) => counts.get(spec.nodeName ?? "") ?? 0;
}

/** Milliseconds until the next ready pod counts as available; undefined where none waits for that. */
function nextAvailable(set: ReplicaSet, pods: readonly Pod[], now: number): number | undefined {
  const wait = (set.spec.minReadySeconds ?? 0) * 1000;
  if (wait === 0) return undefined;
  const left = pods
    .filter(isActive)
    .map((pod) => (readySince(pod) ?? Number.NaN) + wait - now)
    .filter((ms) => ms > 0);
  return left.length > 0 ? Math.min(...left) + 1 : undefined;
}
