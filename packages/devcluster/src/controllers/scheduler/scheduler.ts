import { isDeepStrictEqual } from "node:util";
import { objectKey } from "@outrigger/kit/api";
import { ConflictError, NotFoundError, resourcePath } from "@outrigger/kit/client";
import { controller, requeue, startController } from "@outrigger/kit/controller";
import { Node, PersistentVolume, PersistentVolumeClaim, Pod } from "../../objects/index.ts";
import { podsOnNode } from "../indexes.ts";
import type { Loop } from "../loop.ts";
import { hasEnded } from "../pods/index.ts";
import { claimsOf, volumeCaches } from "../volumes/index.ts";
import { againAfterConflict, refusesContent, timestamp, writeStatus } from "../writes.ts";
import { choose } from "./choose.ts";
import { ClusterState } from "./node-state.ts";
import { claimOn, volumesOf } from "./volumes.ts";

const NAME = "default-scheduler";
/** Milliseconds in which the caches of pods and of claims come to agree. */
const CACHES_AGREE_MS = 100;

/**
 * Binds pods that have no node to one that they fit: requests against allocatable, taints, selectors, affinity, host ports.
 * No preemption. Pods that fit nowhere wait for a node to change or a pod to go.
 */
export const schedulerLoop: Loop = ({ client, informers, reporter, log }) => {
  const state = new ClusterState();
  const pods = informers.for(Pod);
  const nodes = informers.for(Node);
  const caches = volumeCaches(informers);
  /** Pods whose claims were missing or unbound at the first look. */
  const doubted = new Set<string>();
  const unbound = (): readonly Pod[] => podsOnNode(pods, "").filter(isOurs);
  const retryAll = (): void => {
    for (const pod of unbound()) running.enqueue(objectKey(pod));
  };
  const registrations = [
    nodes.addHandler(
      {
        onAdd: (node) => {
          state.setNode(node);
          retryAll();
        },
        onUpdate: (node, before) => {
          state.setNode(node);
          if (!isDeepStrictEqual(schedulingFields(node), schedulingFields(before))) retryAll();
        },
        onDelete: (node) => state.removeNode(node.metadata.name),
      },
      { frozen: false },
    ),
    pods.addHandler(
      {
        onAdd: (pod) => state.setPod(pod),
        onUpdate: (pod, before) => {
          state.setPod(pod);
          if (hasEnded(pod) && !hasEnded(before)) retryAll();
        },
        onDelete: (pod) => {
          state.removePod(pod.metadata.uid);
          doubted.delete(pod.metadata.uid);
          if (pod.spec.nodeName) retryAll();
        },
      },
      { frozen: false },
    ),
  ];
  const events = reporter(NAME);
  const loop = controller(Pod, { name: NAME, predicate: (now) => now !== undefined && isOurs(now) })
    .watches(PersistentVolumeClaim, ({ metadata }) =>
      unbound()
        .filter((pod) => pod.metadata.namespace === metadata.namespace && claimsOf(pod).includes(metadata.name))
        .map(objectKey),
    )
    .watches(PersistentVolume, () =>
      unbound()
        .filter((pod) => claimsOf(pod).length > 0)
        .map(objectKey),
    )
    .reconcile(
      againAfterConflict(async (pod, { signal }) => {
        if (!isOurs(pod)) return;
        const gates = (pod.spec as { schedulingGates?: readonly unknown[] }).schedulingGates ?? [];
        if (gates.length > 0) return;
        const volumes = volumesOf(pod, caches);
        // The cache of claims may be behind that of pods: what seems to be missing is looked for twice.
        if (volumes.problem === undefined) doubted.delete(pod.metadata.uid);
        else if (!doubted.has(pod.metadata.uid)) {
          doubted.add(pod.metadata.uid);
          return requeue.after(CACHES_AGREE_MS);
        }
        const choice = choose(pod, state, volumes);
        if (!("node" in choice)) {
          if (await noteUnschedulable(pod, choice.message))
            events.event(pod, "FailedScheduling", choice.message, { type: "Warning", action: "Scheduling" });
          return;
        }
        const node = nodes.lister.get({ name: choice.node });
        if (volumes.waiting.length > 0 && node) {
          // The pod is bound once its claims are: their changes wake it.
          await claimOn(node, volumes, client, caches);
          return;
        }
        state.place(pod, choice.node);
        const { namespace, name, uid } = pod.metadata;
        try {
          await client.request({
            method: "POST",
            path: resourcePath(Pod, { namespace, name }, "binding"),
            headers: { "content-type": "application/json" },
            body: JSON.stringify({
              apiVersion: "v1",
              kind: "Binding",
              metadata: { namespace, name, uid },
              target: { kind: "Node", name: choice.node },
            }),
            signal,
          });
        } catch (error) {
          state.removePod(uid);
          // Gone, or bound by somebody else.
          if (error instanceof NotFoundError || error instanceof ConflictError || refusesContent(error)) return;
          throw error;
        }
        events.event(pod, "Scheduled", `Successfully assigned ${namespace}/${name} to ${choice.node}`, { action: "Binding" });
      }),
    );
  const running = startController(loop, { client, informers, log });

  /** Says so in the pod's PodScheduled condition; whether that was news. */
  async function noteUnschedulable(pod: Pod, message: string): Promise<boolean> {
    const before = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
    if (before?.status === "False" && before.message === message) return false;
    const condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      observedGeneration: pod.metadata.generation,
      lastTransitionTime: before?.status === "False" ? before.lastTransitionTime : timestamp(),
    };
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
    await writeStatus(client, Pod, pod, { ...pod.status, conditions: [...others, condition] });
    return true;
  }

  return {
    ready: Promise.all([running.ready, ...registrations.map((registration) => registration.synced())]).then(() => {}),
    async stop() {
      for (const registration of registrations) registration.remove();
      await running.stop();
    },
  };
};

function isOurs(pod: Pod): boolean {
  return !pod.spec.nodeName && (pod.spec.schedulerName ?? NAME) === NAME && pod.metadata.deletionTimestamp === undefined && !hasEnded(pod);
}
function schedulingFields({ metadata, spec, status }: Node): object {
  return { labels: metadata.labels, taints: spec?.taints, unschedulable: spec?.unschedulable, allocatable: status?.allocatable };
}
