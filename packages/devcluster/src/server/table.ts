import type { KubeObject } from "@outrigger/kit/api";
import type { ServedResource } from "../registry/index.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableOptions {
  readonly version: string;
  readonly include: IncludeObject;
  /** `false` leaves the columns out: rows of a watch after the first. */
  readonly columns: boolean;
}

/** `meta.k8s.io Table`: what `kubectl get` prints. */
export function table(resource: ServedResource, objects: readonly KubeObject[], metadata: object, { version, include, columns }: TableOptions): object {
  const now = new Date();
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: columns ? resource.columns.map(({ name, type, format, priority }) => ({ name, type, format, description: "", priority })) : null,
    rows: objects.map((object) => ({
      cells: resource.cells(object, now),
      ...(include === "None" ? {} : { object: include === "Object" ? object : partialMetadata(object, version) }),
    })),
  };
}

/** An object without its body. */
export function partialMetadata(object: KubeObject, version = "v1"): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}
