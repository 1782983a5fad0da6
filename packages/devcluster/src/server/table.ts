import type { KubeObject } from "@outrigger/kit/api";
import { rowConditions } from "@outrigger/machinery/kinds";
import type { ServedResource } from "../registry/index.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableOptions {
  readonly version: string;
  readonly include: IncludeObject;
  /** `false` leaves the columns out: rows of a watch after the first. */
  readonly columns: boolean;
}

/** `meta.k8s.io Table`: what `kubectl get` prints. */
export function table(
  resource: ServedResource,
  objects: readonly KubeObject[],
  metadata: object,
  { version, include, columns }: TableOptions,
): object {
  const now = new Date();
  // Kinds without a printer of their own have no rows rather than an empty list of them.
  const plain = !resource.custom && resource.columns[1]?.name === "Created At";
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: columns
      ? resource.columns.map(({ name, type, format, priority }) => ({ name, type, format, description: "", priority }))
      : null,
    rows:
      plain && objects.length === 0
        ? null
        : objects.map((object) => ({
            cells: resource.cells(object, now),
            ...conditions(resource, object),
            object: include === "None" ? null : include === "Object" ? object : partialMetadata(object, version),
          })),
  };
}

function conditions({ row }: ServedResource, object: KubeObject): object {
  const found = row && rowConditions(row, object);
  return found ? { conditions: found } : {};
}

/** An object without its body. */
export function partialMetadata(object: KubeObject, version = "v1"): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}
