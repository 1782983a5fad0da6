import type { KubeObject } from "@outrigger/kit/api";
import type { KindRow } from "../row.ts";
import { defaulters } from "./kinds.ts";
import { normalize } from "./normalize.ts";

export { normalize } from "./normalize.ts";
export { type ContainerDefaults, defaultContainer, defaultPodSpec, defaultVolumes, imagePullPolicy } from "./pod.ts";

/**
 * Fills in what Kubernetes fills in when it decodes an object of a built-in kind, and brings it into the form in which
 * Kubernetes writes it. In place; doing it twice changes nothing.
 */
export function defaultObject(row: Pick<KindRow, "group" | "kind" | "schema">, object: KubeObject): void {
  normalize(row.schema, object);
  defaulters[`${row.group}/${row.kind}`]?.(object);
}
