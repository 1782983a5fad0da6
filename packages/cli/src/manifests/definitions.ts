// The CustomResourceDefinitions of the operator's kinds.

import { both, type Node, truthy, when } from "@outrigger/operator/manifest-tree";
import type { Kind } from "../project/index.ts";
import { labelsOf, type Manifest, type Source } from "./names.ts";

export function definitionManifests({ operator: { name, kinds } }: Source): Manifest[] {
  return kinds.map((kind) => {
    const { metadata, spec } = definitionOf(kind);
    return {
      part: "crd/bases",
      file: `${kind.apiVersion.split("/")[0]}_${kind.plural}`,
      node: when(truthy("crds.install"), {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: {
          name: metadata.name,
          labels: labelsOf(name),
          annotations: {
            ...metadata.annotations,
            "helm.sh/resource-policy": when(both(truthy("crds.keep"), FOR_HELM), "keep"),
          },
        },
        spec,
      }),
    };
  });
}

/** True where Helm fills in the values, and not here: an annotation for Helm alone. */
const FOR_HELM = { helm: ".Release.Service", test: () => false };

/** A kind's definition as plain JSON. */
export function definitionOf(kind: Kind): {
  readonly metadata: { readonly name: string; readonly annotations?: Record<string, string> };
  readonly spec: Record<string, Node>;
} {
  return JSON.parse(JSON.stringify(kind.crd()));
}
