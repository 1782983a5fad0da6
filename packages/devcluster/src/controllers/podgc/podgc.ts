import { objectKey } from "@outrigger/kit/api";
import { controller, requeue, startController } from "@outrigger/kit/controller";
import { Node, Pod } from "../../objects/index.ts";
import { podsOnNode } from "../indexes.ts";
import type { Loop } from "../loop.ts";
import { hasEnded } from "../pods/index.ts";
import { againAfterConflict, MANAGER, timestamp, writeStatus } from "../writes.ts";

/** Milliseconds that a pod keeps a node that is not there: it may be on its way, or come back. */
const QUARANTINE_MS = 40_000;
const MESSAGE = "PodGC: node no longer exists";

/**
 * Deletes pods on nodes that are gone, and pods that are being deleted and never had a node: nobody else ends them, and
 * their namespace would never end (`pkg/controller/podgc`).
 *
 * @param quarantineMs how long a pod may name a node that is not there.
 */
export const podCollector =
  (quarantineMs: number): Loop =>
  ({ client, informers, log }) => {
    const pods = informers.for(Pod);
    const nodes = informers.for(Node).lister;
    /** When a pod was first seen without its node, by uid. */
    const since = new Map<string, number>();
    const loop = controller(Pod, {
      name: "pod-garbage-collector",
      fieldManager: MANAGER,
      predicate: (now) => now !== undefined && (now.spec.nodeName === undefined || !nodes.get({ name: now.spec.nodeName })),
    })
      .watches(Node, (node) => podsOnNode(pods, node.metadata.name).map(objectKey))
      .reconcile(
        againAfterConflict(async (pod, { signal }) => {
          const { uid, deletionTimestamp } = pod.metadata;
          const { nodeName } = pod.spec;
          if (!nodeName) {
            if (deletionTimestamp !== undefined) await remove(pod);
            return;
          }
          if (nodes.get({ name: nodeName })) {
            since.delete(uid);
            return;
          }
          const first = since.get(uid) ?? Date.now();
          since.set(uid, first);
          const left = first + quarantineMs - Date.now();
          if (left > 0) return requeue.after(left);
          // The cache may be behind.
          if (await client.find(Node, { name: nodeName }, { signal })) return;
          since.delete(uid);
          if (!hasEnded(pod)) {
            const condition = { type: "DisruptionTarget", status: "True", reason: "DeletionByPodGC", message: MESSAGE };
            const conditions = [...(pod.status?.conditions ?? []), { ...condition, lastTransitionTime: timestamp() }];
            await writeStatus(client, Pod, pod, { ...pod.status, phase: "Failed", conditions }, signal);
          }
          await remove(pod);
        }),
      );
    async function remove(pod: Pod): Promise<void> {
      await client.delete(Pod, objectKey(pod), { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } });
    }
    return startController(loop, { client, informers, log });
  };

export const podCollectorLoop: Loop = podCollector(QUARANTINE_MS);
