import {
  INPLACE_STATE_ANNOTATION,
  injectedBy,
  isActive,
  podKey,
  runningContainers,
  runningStatuses,
  type SeenContainer,
  type SeenContainerStatus,
  type SeenPod,
} from "../seen-pod/index.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION, type SetRevision } from "../sidecarset/index.ts";
import { isDigest, runsImage } from "./images.ts";
import { type HashEntry, hashEntry, type InPlaceState, inPlaceState } from "./records.ts";
import type { RolloutSet } from "./rollout-set.ts";

/** Where one pod stands in the rollout of one set. */
export interface PodState {
  readonly pod: SeenPod;
  /** `<namespace>/<name>` */
  readonly key: string;
  /** The pod carries the set's latest containers. */
  readonly updated: boolean;
  /** Nothing but images differs from the set's latest containers. */
  readonly upgradable: boolean;
  /** The kubelet has done the last update in place; so too where there was none. */
  readonly settled: boolean;
  /** A container that works still runs the image of before the last update: the kubelet has not begun. */
  readonly busy: boolean;
  /** Running, and its condition Ready is true. */
  readonly ready: boolean;
  /** The set has updated the pod in place before. */
  readonly touched: boolean;
  /** `updateStrategy.selector` lets the pod be updated. */
  readonly selected: boolean;
  /** The revision that the pod carries, where it says so. */
  readonly revision?: string;
  /** The hash of the containers that the pod carries. */
  readonly hash?: string;
}

/** The revision that a pod carries: the one that it names, else one with its hash. */
export function carriedRevision<T extends Pick<SetRevision, "metadata">>(
  { revision, hash }: PodState,
  revisions: readonly T[],
): T | undefined {
  return (
    (revision === undefined ? undefined : revisions.find(({ metadata }) => metadata.name === revision)) ??
    (hash === undefined ? undefined : revisions.findLast(({ metadata }) => metadata.annotations?.[HASH_ANNOTATION] === hash))
  );
}

/**
 * The state of a pod that the set's selector and namespaceSelector match. `undefined` where the pod does not count for the set:
 * it has ended or is being deleted, the set was not injected into it, or it has lost a container that was.
 */
export function podState(pod: SeenPod, set: RolloutSet): PodState | undefined {
  if (!isActive(pod) || !injectedBy(pod).includes(set.name)) return undefined;
  const { annotations = {}, labels = {} } = pod.metadata;
  const entry = hashEntry(annotations[HASH_ANNOTATION], set.name);
  const containers = containersOf(pod, entry, set);
  if (containers === undefined) return undefined;
  const state = inPlaceState(annotations[INPLACE_STATE_ANNOTATION], set.name);
  const without = hashEntry(annotations[HASH_WITHOUT_IMAGE_ANNOTATION], set.name);
  const statuses = new Map(runningStatuses(pod).map((status) => [status.name, status]));
  const unsettled = containers.filter((container) => !isSettled(pod, container, statuses.get(container.name), state));
  return {
    pod,
    key: podKey(pod),
    updated: entry.hash === set.hash,
    upgradable: without.hash === set.hashWithoutImage,
    settled: unsettled.length === 0 && pod.status?.containerStatuses?.length === pod.spec.containers.length,
    // A container that waits is not on its way: its new image cannot be started, though it may be called ready still.
    busy: unsettled.some(({ name }) => statuses.get(name)?.ready === true && statuses.get(name)?.state?.waiting === undefined),
    ready: isReady(pod),
    touched: state !== undefined,
    selected: set.strategy.selector?.(labels) ?? true,
    ...(entry.controllerRevision === undefined ? {} : { revision: entry.controllerRevision }),
    ...(entry.hash === undefined ? {} : { hash: entry.hash }),
  };
}

export function isReady({ status }: SeenPod): boolean {
  return status?.phase === "Running" && (status.conditions ?? []).some(({ type, status: value }) => type === "Ready" && value === "True");
}

/**
 * The pod's containers that the set brought, by the list that the pod itself carries: the set may have other containers by now.
 * Nothing where one of them is gone.
 */
function containersOf(pod: SeenPod, { sidecarList }: HashEntry, set: RolloutSet): SeenContainer[] | undefined {
  const byName = new Map(runningContainers(pod).map((container) => [container.name, container]));
  const own = new Set(set.sidecars.map(({ name }) => name));
  const found: SeenContainer[] = [];
  for (const name of sidecarList ?? set.sidecars.map((sidecar) => sidecar.name)) {
    // Of the set's init containers: those are not updated.
    if (!own.has(name) && pod.spec.initContainers?.some((native) => native.name === name)) continue;
    const plain = byName.get(name);
    const pair = [byName.get(`${name}-1`), byName.get(`${name}-2`)].filter((one) => one !== undefined);
    if (plain !== undefined) found.push(plain);
    else if (pair.length === 2) found.push(...pair);
    else return undefined;
  }
  return found;
}

/**
 * Whether a container runs what it was last updated to: the id of its image is no longer the one of before, the runtime
 * reports the image by name, or the kubelet has started it anew since it saw the update (a second name of one image has the
 * same id, and a runtime may report either name). A digest must be in the image's id.
 */
export function isSettled(
  pod: SeenPod,
  { name, image = "" }: SeenContainer,
  status: SeenContainerStatus | undefined,
  state: InPlaceState | undefined,
): boolean {
  if (status !== undefined && isDigest(image)) return runsImage(image, status);
  const { imageID, restartCount } = state?.lastContainerStatuses?.[name] ?? {};
  if (imageID === undefined || status === undefined) return true;
  if (status.imageID !== imageID || runsImage(image, status)) return true;
  return restartCount !== undefined && status.restartCount > restartCount && status.state?.waiting === undefined && isObserved(pod);
}

/** The status is of the spec that the pod has now, as far as the kubelet says so. */
function isObserved({ metadata: { generation }, status }: SeenPod): boolean {
  return generation === undefined || status?.observedGeneration === undefined || status.observedGeneration >= generation;
}
