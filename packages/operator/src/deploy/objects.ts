import type { KubeObject } from "@outrigger/kit/api";
import { evaluate, type Values } from "../manifest-tree/index.ts";
import { LABELS, type Manifest, type Part } from "./manifest.ts";

/** The order in which they can be applied. */
export const PARTS: readonly Part[] = ["crd", "rbac", "webhook", "manager", "monitoring"];

/** What a namespace of the manager must be: Kubernetes refuses pods in it that may do more than the manager's. */
export function namespaceObject(name: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { ...LABELS, "pod-security.kubernetes.io/enforce": "restricted" } },
  };
}

/** The objects with these values, in the order in which they can be applied; of one part where it is named. */
export function installation(manifests: readonly Manifest[], values: Values, part?: Part): readonly KubeObject[] {
  return PARTS.filter((one) => part === undefined || one === part).flatMap((one) =>
    manifests.flatMap((manifest) => {
      const object = manifest.part === one && !manifest.chartOnly ? evaluate(manifest.node, values) : undefined;
      return object === undefined ? [] : [object as KubeObject];
    }),
  );
}
