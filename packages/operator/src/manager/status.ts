import { HASH_ANNOTATION, INJECTED_LIST_ANNOTATION, type SidecarSet, type SidecarSetStatus } from "../sidecarset/index.ts";

/** The part of a pod that counts for a set's status. */
export interface CountedPod {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>>; readonly deletionTimestamp?: string };
  readonly spec: {
    readonly containers: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string }[];
  };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** The names of the sets that a pod was injected by, from its annotation. */
export function injectedBy(pod: { readonly metadata: CountedPod["metadata"] }): string[] {
  return (pod.metadata.annotations?.[INJECTED_LIST_ANNOTATION] ?? "").split(",").filter((name) => name !== "");
}

/**
 * A set's status from the pods that its selectors match: matched are those that it was injected into and that live,
 * updated those of them that have its present hash, ready those that are ready.
 */
export function countPods(set: SidecarSet, pods: readonly CountedPod[]): SidecarSetStatus {
  const name = set.metadata.name ?? "";
  const hash = set.metadata.annotations?.[HASH_ANNOTATION];
  const sidecars = (set.spec.containers ?? []).map((container) => container.name);
  let [matchedPods, updatedPods, readyPods, updatedReadyPods] = [0, 0, 0, 0];
  for (const pod of pods) {
    if (!isActive(pod) || !injectedBy(pod).includes(name)) continue;
    const names = new Set(pod.spec.containers.map((container) => container.name));
    if (!sidecars.every((sidecar) => names.has(sidecar))) continue;
    const updated = hash !== undefined && hashIn(pod, name) === hash;
    const ready = pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
    matchedPods++;
    if (updated) updatedPods++;
    if (ready) readyPods++;
    if (updated && ready) updatedReadyPods++;
  }
  return { observedGeneration: set.metadata.generation ?? 0, matchedPods, updatedPods, readyPods, updatedReadyPods };
}

function isActive({ metadata, status }: CountedPod): boolean {
  return metadata.deletionTimestamp === undefined && status?.phase !== "Succeeded" && status?.phase !== "Failed";
}

function hashIn(pod: CountedPod, set: string): string | undefined {
  try {
    const entry = (JSON.parse(pod.metadata.annotations?.[HASH_ANNOTATION] ?? "{}") as Record<string, string | { hash?: string }>)[set];
    return typeof entry === "string" ? entry : entry?.hash;
  } catch {
    return undefined;
  }
}
