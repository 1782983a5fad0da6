import type { Json } from "./json.ts";
import { defaultPodSpec } from "./pod.ts";

/** Fills in the template of pods that a workload has in its spec. */
export function template(spec: Json): void {
  spec["template"] ??= {};
  spec["template"].metadata ??= {};
  spec["template"].spec ??= {};
  defaultPodSpec(spec["template"].spec as Json);
}

/** Labels of a template stand in for those of the object and its selector. */
export function labelsFromTemplate(object: Json, spec: Json): void {
  const labels = spec["template"]?.metadata?.labels as Json | undefined;
  if (!labels) return;
  if (Object.keys((spec["selector"] ?? {}) as object).length === 0) spec["selector"] = { ...labels };
  labelsOfObject(object, labels);
}

/** An object without labels has those of its template. */
export function labelsOfObject(object: Json, labels: Json | undefined): void {
  if (!labels || Object.keys((object["metadata"]?.labels ?? {}) as object).length > 0) return;
  object["metadata"] = { ...object["metadata"], labels: { ...labels } };
}
