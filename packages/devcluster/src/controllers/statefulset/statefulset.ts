import { isDeepStrictEqual } from "node:util";
import { AlreadyExistsError } from "@outrigger/kit/client";
import { type Context, controller, requeue, startController } from "@outrigger/kit/controller";
import { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from "../../objects/index.ts";
import { presentRevision, revisionsOf, truncateHistory } from "../history/index.ts";
import { orphansIn } from "../indexes.ts";
import type { Loop } from "../loop.ts";
import { claim, isAvailable, isReady, readySince } from "../pods/index.ts";
import { againAfterConflict, compact, MANAGER, refusesContent, writeStatus } from "../writes.ts";
import { planned } from "./plan.ts";
import { claimsAt, ordinalOf, podAt, podName, replicasOf, revisionOf, startOf } from "./pods.ts";

type Ctx = Context<typeof StatefulSet, typeof Pod | typeof ControllerRevision>;
type Status = NonNullable<StatefulSet["status"]>;

/** Keeps the numbered pods of each StatefulSet, in order, and rolls revisions over them (`pkg/controller/statefulset`). */
export const statefulSetLoop: Loop = ({ client, informers, reporter, log }) => {
  const pods = informers.for(Pod);
  const revisions = informers.for(ControllerRevision);
  const loop = controller(StatefulSet, { name: "statefulset-controller", fieldManager: MANAGER, workers: 5 })
    .owns(Pod)
    .owns(ControllerRevision)
    .reconcile(
      againAfterConflict(async (set, ctx) => {
        const its = await claim(client, StatefulSet, set, {
          resource: Pod,
          owned: ctx.owned(Pod),
          orphans: orphansIn(pods, set.metadata.namespace),
          selector: set.spec.selector,
          mayAdopt: (pod) => ordinalOf(set, pod) !== undefined,
          writer: ctx,
        });
        const members = its.filter((pod) => ordinalOf(set, pod) !== undefined);
        const history = await revisionsOf(ctx as never, StatefulSet, set as never, revisions);
        const collisions = set.status?.collisionCount ?? 0;
        const present = await presentRevision(ctx as never, StatefulSet, set as never, history, collisions);
        if ("collided" in present) {
          await writeStatus(client, StatefulSet, set, {
            ...set.status,
            replicas: set.status?.replicas ?? 0,
            collisionCount: collisions + 1,
          });
          return;
        }
        const update = present.revision;
        const current = present.revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
        for (const step of planned(set, members, update.metadata.name, Date.now())) {
          if ("remove" in step) await remove(set, step.remove, ctx);
          else await create(set, step.create, belowPartition(set, step.create) ? current : update, ctx);
        }
        const status = statusOf(set, members, current.metadata.name, update.metadata.name);
        if (!isDeepStrictEqual(status, set.status)) await writeStatus(client, StatefulSet, set, status, ctx.signal);
        const used = new Set([current.metadata.name, update.metadata.name, ...members.map((pod) => revisionOf(pod) ?? "")]);
        await truncateHistory(ctx as never, present.revisions, used, set.spec.revisionHistoryLimit ?? 10);
        const wait = (set.spec.minReadySeconds ?? 0) * 1000;
        const left = wait === 0 ? [] : members.map((pod) => (readySince(pod) ?? 0) + wait - Date.now()).filter((ms) => ms > 0);
        return left.length > 0 ? requeue.after(Math.min(...left) + 1) : undefined;
      }),
    );
  return startController(loop, { client, informers, events: reporter("statefulset-controller"), log });
};

/** Places below the partition keep the revision that they had. */
function belowPartition(set: StatefulSet, ordinal: number): boolean {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  return type !== "OnDelete" && ordinal - startOf(set) < (rollingUpdate?.partition ?? 0);
}

async function create(set: StatefulSet, ordinal: number, revision: ControllerRevision, ctx: Ctx): Promise<void> {
  const name = podName(set, ordinal);
  const about = `Pod ${name} in StatefulSet ${set.metadata.name}`;
  try {
    for (const claimed of claimsAt(set, ordinal)) {
      try {
        await ctx.client.create(PersistentVolumeClaim, claimed as never);
      } catch (error) {
        if (!(error instanceof AlreadyExistsError)) throw error;
      }
    }
    await ctx.create(Pod, podAt(set, revision, ordinal) as never);
    ctx.event("SuccessfulCreate", `Create ${about} successful`);
  } catch (error) {
    if (refusesContent(error)) return;
    ctx.event("FailedCreate", `create ${about} failed error: ${(error as Error).message}`, { type: "Warning" });
    throw error;
  }
}
async function remove(set: StatefulSet, pod: Pod, ctx: Ctx): Promise<void> {
  const about = `Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
  try {
    await ctx.delete(pod);
    ctx.event("SuccessfulDelete", `Delete ${about} successful`);
  } catch (error) {
    ctx.event("FailedDelete", `delete ${about} failed error: ${(error as Error).message}`, { type: "Warning" });
    throw error;
  }
}

function statusOf(set: StatefulSet, pods: readonly Pod[], current: string, update: string): Status {
  const now = Date.now();
  const running = pods.filter((pod) => pod.status?.phase === "Running" && isReady(pod));
  const staying = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const ofRevision = (revision: string): number => staying.filter((pod) => revisionOf(pod) === revision).length;
  const counts = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: running.length,
    availableReplicas: running.filter((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, now)).length,
    currentReplicas: ofRevision(current),
    updatedReplicas: ofRevision(update),
    currentRevision: current,
    updateRevision: update,
    collisionCount: set.status?.collisionCount ?? 0,
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
  };
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  const done =
    set.spec.updateStrategy?.type !== "OnDelete" &&
    partition === 0 &&
    counts.updatedReplicas === pods.length &&
    counts.readyReplicas === pods.length &&
    pods.length === replicasOf(set);
  const whole = done ? { ...counts, currentReplicas: counts.updatedReplicas, currentRevision: update } : counts;
  return compact(whole, ["replicas", "availableReplicas", "collisionCount"]) as Status;
}
