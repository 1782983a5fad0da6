import type { Cause } from "@outrigger/kit/api";
import { RUN_AS_ANNOTATION } from "./names.ts";
import type { SidecarSet } from "./set.ts";

export const NATIVE_SIDECAR = "native-sidecar";

/** Whether the set asks for its containers to be native sidecars. */
export function runsNative({ metadata }: SidecarSet): boolean {
  return metadata.annotations?.[RUN_AS_ANNOTATION] === NATIVE_SIDECAR;
}

/** Where the containers of a set go in a pod. */
export function listOfContainers(set: SidecarSet): "containers" | "initContainers" {
  return runsNative(set) ? "initContainers" : "containers";
}

/**
 * What a set cannot have whose containers are native sidecars.
 *
 * @param supported whether the cluster runs native sidecars (Kubernetes 1.29); absent where nobody can say
 */
export function validateRunAs(set: SidecarSet, supported: boolean | undefined): Cause[] {
  if (!runsNative(set)) return [];
  const field = `metadata.annotations[${RUN_AS_ANNOTATION}]`;
  const { containers = [] } = set.spec;
  const causes: Cause[] = [];
  if (supported === false)
    causes.push({
      reason: "FieldValueForbidden",
      field,
      message: "Forbidden: native sidecars need Kubernetes 1.29; remove the annotation",
    });
  containers.forEach(({ upgradeStrategy, restartPolicy }, index) => {
    const path = `spec.containers[${index}]`;
    if (upgradeStrategy?.upgradeType === "HotUpgrade")
      causes.push({
        reason: "FieldValueInvalid",
        field: `${path}.upgradeStrategy.upgradeType`,
        message: `Invalid value: "HotUpgrade": not with ${RUN_AS_ANNOTATION}: ${NATIVE_SIDECAR}; write ColdUpgrade, or remove the annotation`,
      });
    if (restartPolicy !== undefined && restartPolicy !== "Always")
      causes.push({
        reason: "FieldValueInvalid",
        field: `${path}.restartPolicy`,
        message: `Invalid value: ${JSON.stringify(restartPolicy)}: a native sidecar restarts always; leave it out`,
      });
  });
  return causes;
}
