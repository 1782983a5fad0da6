import type { KubeObject } from "@outrigger/kit/api";

/** Fields by name in `v1` and in `events.k8s.io/v1`; the others are called alike. */
const renamed: readonly (readonly [string, string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

export function toEventsEvent(event: KubeObject): KubeObject {
  return rename(event, "events.k8s.io/v1", new Map(renamed));
}

export function toCoreEvent(event: KubeObject): KubeObject {
  return rename(event, "v1", new Map(renamed.map(([core, events]) => [events, core])));
}

function rename(event: KubeObject, apiVersion: string, names: ReadonlyMap<string, string>): KubeObject {
  const converted: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(event)) converted[names.get(field) ?? field] = value;
  converted["apiVersion"] = apiVersion;
  if (apiVersion === "v1") {
    converted["source"] ??= {};
    converted["firstTimestamp"] ??= null;
    converted["lastTimestamp"] ??= null;
  } else {
    converted["deprecatedSource"] ??= {};
    converted["deprecatedFirstTimestamp"] ??= null;
    converted["deprecatedLastTimestamp"] ??= null;
  }
  return converted as unknown as KubeObject;
}
