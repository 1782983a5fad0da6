import { isDeepStrictEqual } from "node:util";
import { objectKey } from "@outrigger/kit/api";
import { controller, startController } from "@outrigger/kit/controller";
import { ControllerRevision, DaemonSet, Node, Pod, type PodTemplate } from "../../objects/index.ts";
import { presentRevision, revisionsOf, truncateHistory } from "../history/index.ts";
import { orphansIn } from "../indexes.ts";
import type { Loop } from "../loop.ts";
import { claim, isActive } from "../pods/index.ts";
import { podTemplateHash } from "../template-hash/index.ts";
import { againAfterConflict, MANAGER, refusesContent, writeStatus } from "../writes.ts";
import { HASH, podFor } from "./placement.ts";
import { planDaemons } from "./plan.ts";

/** Keeps one pod of each DaemonSet on every node that is to have one (`pkg/controller/daemon`). Replaces without surge. */
export const daemonSetLoop: Loop = ({ client, informers, reporter, log }) => {
  const pods = informers.for(Pod);
  const revisions = informers.for(ControllerRevision);
  const all = () => informers.for(DaemonSet).lister.list().map(objectKey);
  const loop = controller(DaemonSet, { name: "daemonset-controller", fieldManager: MANAGER, workers: 2 })
    .owns(Pod)
    .owns(ControllerRevision)
    .watches(Node, (now, before) => (before && isDeepStrictEqual(placing(now), placing(before)) ? [] : all()))
    .reconcile(
      againAfterConflict(async (set, ctx) => {
        if (set.metadata.deletionTimestamp !== undefined) return;
        const its = await claim(client, DaemonSet, set, {
          resource: Pod,
          owned: ctx.owned(Pod),
          orphans: orphansIn(pods, set.metadata.namespace),
          selector: set.spec.selector,
          mayAdopt: isActive,
          writer: ctx,
        });
        const hash = podTemplateHash(set.spec.template as PodTemplate, set.status?.collisionCount);
        const history = await revisionsOf(ctx as never, DaemonSet, set as never, revisions);
        const present = await presentRevision(ctx as never, DaemonSet, set as never, history, undefined, { label: HASH, hash });
        if ("collided" in present) {
          await writeStatus(client, DaemonSet, set, { ...set.status, collisionCount: (set.status?.collisionCount ?? 0) + 1 });
          return;
        }
        const revision = present.revision.metadata.labels?.[HASH] ?? hash;
        const plan = planDaemons(set, its, ctx.list(Node), revision, Date.now());
        for (const pod of plan.failed) {
          ctx.event(
            "FailedDaemonPod",
            `Found failed daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${pod.spec.nodeName}, will try to kill it`,
            { type: "Warning" },
          );
          await ctx.delete(pod);
        }
        for (const pod of plan.remove) {
          await ctx.delete(pod);
          ctx.event("SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
        }
        for (const node of plan.create) {
          try {
            const made = await ctx.create(Pod, podFor(set, revision, node) as never);
            ctx.event("SuccessfulCreate", `Created pod: ${made.metadata.name}`);
          } catch (error) {
            if (refusesContent(error)) return;
            ctx.event("FailedCreate", `Error creating: ${(error as Error).message}`, { type: "Warning" });
            throw error;
          }
        }
        if (!isDeepStrictEqual(plan.status, set.status)) await writeStatus(client, DaemonSet, set, plan.status, ctx.signal);
        const used = new Set([
          present.revision.metadata.name,
          ...its.map(({ metadata }) => `${set.metadata.name}-${metadata.labels?.[HASH]}`),
        ]);
        await truncateHistory(ctx as never, present.revisions, used, set.spec.revisionHistoryLimit ?? 10);
      }),
    );
  return startController(loop, { client, informers, events: reporter("daemonset-controller"), log });
};

function placing({ metadata, spec }: Node): object {
  return { labels: metadata.labels, taints: spec?.taints };
}
