/**
 * Built-in kinds that are served in shapes other than the stored one, after the conversions of
 * `k8s.io/kubernetes/pkg/apis`: autoscalers in v1 and v2, events in two groups.
 */
import type { KubeObject } from "@outrigger/kit/api";
import { convertAutoscaler } from "./autoscalers.ts";
import { toCoreEvent, toEventsEvent } from "./events.ts";

/** By `group/plural` of the resource asked for; `version` is the one wanted. Stored objects come in as they lie. */
export const conversions: Readonly<Record<string, (object: KubeObject, version: string) => KubeObject>> = {
  "autoscaling/horizontalpodautoscalers": convertAutoscaler,
  // Stored as core events: what comes from this group goes to the store, what comes from the store is shown in it.
  "events.k8s.io/events": (object) => (object.apiVersion === "v1" ? toEventsEvent(object) : toCoreEvent(object)),
};
