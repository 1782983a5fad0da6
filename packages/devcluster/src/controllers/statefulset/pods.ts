import { ownerReference } from "@outrigger/kit/api";
import type { ControllerRevision, Pod, PodTemplate, StatefulSet } from "../../objects/index.ts";
import { templateOf } from "../history/index.ts";

export const POD_NAME = "statefulset.kubernetes.io/pod-name";
export const POD_INDEX = "apps.kubernetes.io/pod-index";
export const REVISION = "controller-revision-hash";

export const startOf = ({ spec }: StatefulSet): number => (spec as { ordinals?: { start?: number } }).ordinals?.start ?? 0;
export const replicasOf = ({ spec }: StatefulSet): number => spec.replicas ?? 1;
export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** The place of a pod in its set; undefined for one whose name is not the set's. */
export function ordinalOf(set: StatefulSet, { metadata }: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const rest = metadata.name.startsWith(prefix) ? metadata.name.slice(prefix.length) : "";
  return /^\d+$/.test(rest) ? Number(rest) : undefined;
}
export function revisionOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[REVISION];
}

/** The pod of a set at a place, as a revision has it (`newVersionedStatefulSetPod`). */
export function podAt(set: StatefulSet, revision: ControllerRevision, ordinal: number): object {
  const template: PodTemplate = templateOf(revision.data);
  const name = podName(set, ordinal);
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const claims = set.spec.volumeClaimTemplates ?? [];
  const claimed = new Set(claims.map((claim) => claim.metadata?.name));
  const volumes = [
    ...claims.map((claim) => ({ name: claim.metadata?.name, persistentVolumeClaim: { claimName: `${claim.metadata?.name}-${name}` } })),
    ...(template.spec?.volumes ?? []).filter((volume) => !claimed.has(volume.name)),
  ];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: { ...labels, [POD_NAME]: name, [POD_INDEX]: String(ordinal), [REVISION]: revision.metadata.name },
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [ownerReference(set)],
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  };
}

/** The claims of the pod at a place. */
export function claimsAt(set: StatefulSet, ordinal: number): readonly object[] {
  return (set.spec.volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: `${metadata?.name}-${podName(set, ordinal)}`,
      namespace: set.metadata.namespace,
      labels: { ...metadata?.labels, ...set.spec.selector.matchLabels },
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
    },
    spec,
  }));
}
