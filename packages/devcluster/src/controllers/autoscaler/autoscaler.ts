import { isDeepStrictEqual } from "node:util";
import { objectKey } from "@outrigger/kit/api";
import { type Client, type DiscoveredResource, dynamicResource, NotFoundError, resourcePath } from "@outrigger/kit/client";
import { type Context, controller, requeue, startController } from "@outrigger/kit/controller";
import { kinds } from "@outrigger/machinery/kinds";
import { Deployment, HorizontalPodAutoscaler, ReplicaSet, ReplicationController, StatefulSet } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { againAfterConflict, MANAGER, timestamp, writeStatus } from "../writes.ts";

/** Milliseconds between two looks, as the real controller takes them. */
const PERIOD_MS = 15_000;
const NAME = "horizontal-pod-autoscaler";

type Autoscaler = HorizontalPodAutoscaler;
type Status = NonNullable<Autoscaler["status"]>;
interface Scale {
  readonly spec?: { readonly replicas?: number };
}

/**
 * Keeps what HorizontalPodAutoscalers scale within their bounds. There is no metrics API here, so that no metric moves it:
 * the status says that, as on a cluster without metrics server (`pkg/controller/podautoscaler`).
 */
export const autoscalerLoop: Loop = ({ client, informers, reporter, log }) => {
  const autoscalers = informers.for(HorizontalPodAutoscaler);
  const of = ({ kind, metadata }: { readonly kind: string; readonly metadata: { readonly namespace: string; readonly name: string } }) =>
    autoscalers.lister
      .list({ namespace: metadata.namespace })
      .filter(({ spec: { scaleTargetRef: ref } }) => ref.kind === kind && ref.name === metadata.name)
      .map(objectKey);
  const loop = controller(HorizontalPodAutoscaler, { name: NAME, fieldManager: MANAGER })
    .watches(Deployment, of)
    .watches(ReplicaSet, of)
    .watches(StatefulSet, of)
    .watches(ReplicationController, of)
    .reconcile(
      againAfterConflict(async (autoscaler, ctx) => {
        if (autoscaler.metadata.deletionTimestamp !== undefined) return;
        const status = await look(client, autoscaler, ctx as never);
        if (!isDeepStrictEqual(status, autoscaler.status))
          await writeStatus(client, HorizontalPodAutoscaler, autoscaler, status, ctx.signal);
        return requeue.after(PERIOD_MS);
      }),
    );
  return startController(loop, { client, informers, events: reporter(NAME), log });
};

async function look(client: Client, autoscaler: Autoscaler, ctx: Context<typeof HorizontalPodAutoscaler, never>): Promise<Status> {
  const { spec, status: before = {} as Status } = autoscaler;
  const conditions = conditionsOf(before);
  let target: Awaited<ReturnType<typeof targetOf>>;
  try {
    target = await targetOf(client, autoscaler);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    ctx.event("FailedGetScale", error.message, { type: "Warning" });
    const message = `the HPA controller was unable to get the target's current scale: ${error.message}`;
    return { ...before, desiredReplicas: 0, conditions: conditions([["AbleToScale", "False", "FailedGetScale", message]]) } as Status;
  }
  const able = ["AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale"] as const;
  const current = target.scale.spec?.replicas ?? 0;
  const scaled = before.lastScaleTime ? { lastScaleTime: before.lastScaleTime } : {};
  if (current === 0) {
    const disabled = "scaling is disabled since the replica count of the target is zero";
    const said = conditions([able, ["ScalingActive", "False", "ScalingDisabled", disabled]]);
    return { desiredReplicas: 0, ...scaled, conditions: said } as Status;
  }
  const least = spec.minReplicas ?? 1;
  const desired = Math.min(Math.max(current, least), spec.maxReplicas);
  if (desired !== current) {
    await target.resize(desired);
    const bound = desired === least ? "below Spec.MinReplicas" : "above Spec.MaxReplicas";
    ctx.event("SuccessfulRescale", `New size: ${desired}; reason: Current number of replicas ${bound}`);
    scaled.lastScaleTime = timestamp() as never;
  }
  const { reason, why, first } = withoutMetrics(autoscaler);
  if (desired === current) {
    ctx.event(reason, why, { type: "Warning" });
    const count = spec.metrics?.length ?? 0;
    const invalid = `invalid metrics (${count} invalid out of ${count}), first error is: ${first}: ${why}`;
    ctx.event("FailedComputeMetricsReplicas", invalid, { type: "Warning" });
  }
  const inactive = `the HPA was unable to compute the replica count: ${why}`;
  return {
    currentMetrics: (spec.metrics ?? []).map(() => ({ type: "" })),
    currentReplicas: desired,
    desiredReplicas: desired,
    ...scaled,
    conditions: conditions([able, ["ScalingActive", "False", reason, inactive]]),
  } as Status;
}

/** What the controller says of the first metric where no metrics API is served. */
function withoutMetrics({ spec }: Autoscaler): { readonly reason: string; readonly why: string; readonly first: string } {
  const [metric] = spec.metrics ?? [];
  const resource = metric?.resource?.name ?? "cpu";
  const why = `failed to get ${resource} utilization: unable to get metrics for resource ${resource}: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)`;
  if (metric === undefined || metric.type === "Resource")
    return { reason: "FailedGetResourceMetric", why, first: `failed to get ${resource} resource metric value` };
  const named =
    metric.pods?.metric.name ?? metric.object?.metric.name ?? metric.external?.metric.name ?? metric.containerResource?.name ?? "";
  const text = `unable to get metric ${named}: no metrics API is served`;
  return { reason: `FailedGet${metric.type}Metric`, why: text, first: `failed to get ${named} ${metric.type} metric value` };
}

async function targetOf(
  client: Client,
  { metadata, spec: { scaleTargetRef } }: Autoscaler,
): Promise<{ readonly scale: Scale; resize(replicas: number): Promise<void> }> {
  const { apiVersion = "apps/v1", kind, name } = scaleTargetRef;
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/", 2) as [string, string]) : ["", apiVersion];
  const isTarget = (one: DiscoveredResource): boolean => one.group === group && one.version === version && one.kind === kind;
  // Only kinds of custom resources are asked for: this runs every 15 s for each autoscaler.
  const plural = kinds().byKind(group, version, kind)?.plural ?? (await client.discover()).find(isTarget)?.resource;
  const resource = dynamicResource(apiVersion, kind, plural ?? `${kind.toLowerCase()}s`, "Namespaced");
  const key = { namespace: metadata.namespace, name };
  const scale = (await client.request({ method: "GET", path: resourcePath(resource, key, "scale") })) as Scale;
  return {
    scale,
    async resize(replicas) {
      const patch = { spec: { replicas } };
      await client.patch(resource, key, { type: "merge", patch } as never, { subresource: "scale", fieldManager: MANAGER });
    },
  };
}

type Told = readonly [type: string, status: string, reason: string, message: string];

/** The conditions of now, with the times of those that did not change. */
function conditionsOf(before: Status): (told: readonly Told[]) => object[] {
  return (told) =>
    told.map(([type, status, reason, message]) => {
      const was = before.conditions?.find((condition) => condition.type === type);
      const lastTransitionTime = was?.status === status ? (was.lastTransitionTime ?? timestamp()) : timestamp();
      return { type, status, reason, message, lastTransitionTime };
    });
}
