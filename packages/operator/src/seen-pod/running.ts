import type { SeenContainer, SeenContainerStatus, SeenPod } from "./seen-pod.ts";

/** The containers that run as long as the pod: its ordinary ones and its native sidecars. */
export function runningContainers({ spec }: SeenPod): readonly SeenContainer[] {
  return spec.initContainers === undefined || spec.initContainers.length === 0
    ? spec.containers
    : [...spec.initContainers, ...spec.containers];
}

/** What the kubelet says of them. */
export function runningStatuses({ status }: SeenPod): readonly SeenContainerStatus[] {
  const { containerStatuses = [], initContainerStatuses = [] } = status ?? {};
  return initContainerStatuses.length === 0 ? containerStatuses : [...initContainerStatuses, ...containerStatuses];
}
