import { defaultContainer } from "@outrigger/machinery/kinds";
import { defaultVolumes } from "./default-volumes.ts";
import { goSidecar } from "./go-json.ts";
import { hashSidecarSet, hashWithoutImage } from "./hash.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "./names.ts";
import { withoutNulls } from "./resource.ts";
import type { SidecarContainer, SidecarSet, SidecarSetSpec } from "./set.ts";

/**
 * A set as our mutating webhook stores it: Kubernetes' defaults in containers and volumes, kruise's own, amounts
 * canonical, empty fields gone, and the two hashes in the annotations. The set given is not written to.
 *
 * Kruise leaves `startupProbe` and the `service` of gRPC probes alone, and so must we: they are part of the hash.
 * Source: kruise pkg/webhook/sidecarset/mutating, apis/apps/defaults; recorded in `testdata/kruise/defaulting`.
 */
export function defaultSidecarSet(set: SidecarSet): SidecarSet {
  const hashed = defaultSpec(withoutNulls(set.spec ?? {}));
  const spec = withPatterns(hashed);
  const annotations = {
    ...set.metadata.annotations,
    [HASH_ANNOTATION]: hashSidecarSet(hashed),
    [HASH_WITHOUT_IMAGE_ANNOTATION]: hashWithoutImage(hashed),
  };
  return { ...set, metadata: { ...set.metadata, annotations }, spec };
}

function defaultSpec(given: SidecarSetSpec): SidecarSetSpec {
  const spec: SidecarSetSpec = { ...given };
  if (given.containers !== undefined)
    spec.containers = given.containers.map((container) => defaultSidecar(container, "BeforeAppContainer"));
  if (given.initContainers !== undefined)
    spec.initContainers = given.initContainers.map((container) => defaultSidecar(container, "AfterAppContainer"));
  if (given.volumes !== undefined) spec.volumes = defaultVolumes(given.volumes);
  for (const list of ["containers", "initContainers", "volumes", "imagePullSecrets", "patchPodMetadata"] as const)
    if (spec[list]?.length === 0) delete spec[list];
  if (spec.patchPodMetadata !== undefined)
    spec.patchPodMetadata = spec.patchPodMetadata.map((patch) => ({ ...patch, patchPolicy: patch.patchPolicy || "Retain" }));
  if (spec.imagePullSecrets !== undefined)
    spec.imagePullSecrets = spec.imagePullSecrets.map((secret) => ({ ...secret, name: secret.name ?? "" }));
  if (!spec.customVersion) delete spec.customVersion;
  const { updateStrategy, injectionStrategy } = given;
  const { revision } = injectionStrategy ?? {};
  spec.injectionStrategy = {
    ...injectionStrategy,
    ...(revision === undefined ? {} : { revision: { ...revision, policy: revision.policy || "Always" } }),
  };
  if (spec.injectionStrategy.paused === false) delete spec.injectionStrategy.paused;
  spec.updateStrategy = {
    ...updateStrategy,
    type: updateStrategy?.type || "RollingUpdate",
    maxUnavailable: updateStrategy?.maxUnavailable ?? 1,
    partition: updateStrategy?.partition ?? 0,
  };
  spec.revisionHistoryLimit = given.revisionHistoryLimit ?? 10;
  return spec;
}

function defaultSidecar(given: SidecarContainer, podInjectPolicy: string): SidecarContainer {
  const container = goSidecar(given, false);
  defaultContainer(container, { asInSidecarSet: true });
  container.podInjectPolicy ||= podInjectPolicy;
  container.upgradeStrategy = { ...container.upgradeStrategy, upgradeType: container.upgradeStrategy?.upgradeType || "ColdUpgrade" };
  container.shareVolumePolicy = { type: container.shareVolumePolicy?.type || "disabled" };
  for (const transfer of container.transferEnv ?? []) {
    const fieldRef = transfer.sourceContainerNameFrom?.fieldRef;
    if (fieldRef !== undefined) fieldRef.apiVersion ||= "v1";
  }
  // An empty pattern is gone by now: with kruise the definition's default fills in absent ones before, empty ones after the hash.
  if (container.resourcesPolicy !== undefined && given.resourcesPolicy?.targetContainersNameRegex !== "")
    container.resourcesPolicy.targetContainersNameRegex ??= ".*";
  return goSidecar(container, true);
}

/** A spec whose resourcesPolicies all have a pattern. */
function withPatterns(spec: SidecarSetSpec): SidecarSetSpec {
  const result = { ...spec };
  for (const list of ["containers", "initContainers"] as const) {
    const containers = spec[list];
    if (containers?.some(({ resourcesPolicy }) => resourcesPolicy && !resourcesPolicy.targetContainersNameRegex))
      result[list] = containers.map((container) => {
        const { resourcesPolicy } = container;
        if (!resourcesPolicy || resourcesPolicy.targetContainersNameRegex) return container;
        const { targetContainersMode, resourcesExpr } = resourcesPolicy;
        return {
          ...container,
          resourcesPolicy: {
            ...(targetContainersMode === undefined ? {} : { targetContainersMode }),
            targetContainersNameRegex: ".*",
            ...(resourcesExpr === undefined ? {} : { resourcesExpr }),
          },
        };
      });
  }
  return result;
}
