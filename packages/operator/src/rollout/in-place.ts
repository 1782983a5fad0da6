import { INPLACE_STATE_ANNOTATION, runningContainers, runningStatuses, type SeenPod } from "../seen-pod/index.ts";
import {
  goJson,
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  otherVersionAnnotation,
  versionAnnotation,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../sidecarset/index.ts";
import { isSettled } from "./pod-state.ts";
import { inPlaceState, readEntries, withEntry } from "./records.ts";
import type { RolloutSet, RolloutSidecar } from "./rollout-set.ts";

/** What changes in one pod: new images by container, and annotations. */
export interface InPlaceChange {
  readonly images: readonly { readonly container: string; readonly from: string; readonly to: string }[];
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The update of a pod to the set's latest images, with the records that go with it, in one change.
 *
 * - Of a hot-upgrade pair the idle container gets the new image and becomes the working one; the other goes on until `emptied`.
 * - The record of the image ids before keeps entries of containers that this change leaves alone.
 *
 * @param revision the name of the set's latest revision
 * @param now RFC 3339, UTC, whole seconds
 */
export function updated(pod: SeenPod, set: RolloutSet, revision: string | undefined, now: string): InPlaceChange {
  const annotations: Record<string, string> = {};
  const images: InPlaceChange["images"][number][] = [];
  const working: Record<string, unknown> = { ...readEntries(pod.metadata.annotations?.[WORKING_HOT_UPGRADE_ANNOTATION]) };
  for (const sidecar of set.sidecars) {
    const target = sidecar.emptyImage === undefined ? sidecar.name : idleOf(pod, sidecar, set);
    const from = imageOf(pod, target);
    if (from === undefined) continue;
    if (sidecar.emptyImage !== undefined) {
      // The working one has the image already: the set's other containers have changed.
      if (imageOf(pod, otherOf(sidecar, target)) === sidecar.image && from === sidecar.emptyImage) continue;
      working[sidecar.name] = target;
      annotations[versionAnnotation(target)] = set.version;
      annotations[otherVersionAnnotation(otherOf(sidecar, target))] = set.version;
    }
    if (from !== sidecar.image) images.push({ container: target, from, to: sidecar.image });
  }
  if (set.sidecars.some(({ emptyImage }) => emptyImage !== undefined))
    annotations[WORKING_HOT_UPGRADE_ANNOTATION] = goJson(Object.fromEntries(Object.entries(working).sort(([a], [b]) => (a < b ? -1 : 1))));
  const before = pod.metadata.annotations ?? {};
  const sidecarList = listOf(pod, set);
  const entry = { updateTimestamp: now, hash: set.hash, sidecarSetName: set.name, sidecarList };
  annotations[HASH_ANNOTATION] = withEntry(before[HASH_ANNOTATION], set.name, {
    ...entry,
    ...(revision === undefined ? {} : { controllerRevision: revision }),
  });
  annotations[HASH_WITHOUT_IMAGE_ANNOTATION] = withEntry(before[HASH_WITHOUT_IMAGE_ANNOTATION], set.name, {
    ...entry,
    hash: set.hashWithoutImage,
  });
  annotations[INPLACE_STATE_ANNOTATION] = state(pod, set, images, now);
  return { images, annotations };
}

/**
 * Takes the container of each hot-upgrade pair out of service that worked before the update: it gets the empty image. Nothing
 * unless some container is to be emptied, all others of the set are settled, and all others of the pod are ready.
 */
export function emptied(pod: SeenPod, set: RolloutSet, now: string): InPlaceChange | undefined {
  const annotations: Record<string, string> = {};
  const images: InPlaceChange["images"][number][] = [];
  for (const sidecar of set.sidecars) {
    if (sidecar.emptyImage === undefined) continue;
    const works = workingOf(pod, sidecar);
    const old = otherOf(sidecar, works);
    const from = imageOf(pod, old);
    if (from === undefined || from === sidecar.emptyImage || imageOf(pod, works) === sidecar.emptyImage) continue;
    images.push({ container: old, from, to: sidecar.emptyImage });
    annotations[versionAnnotation(old)] = "0";
    annotations[otherVersionAnnotation(works)] = "0";
  }
  if (images.length === 0) return undefined;
  const leaving = new Set(images.map(({ container }) => container));
  const record = inPlaceState(pod.metadata.annotations?.[INPLACE_STATE_ANNOTATION], set.name);
  const statuses = new Map((pod.status?.containerStatuses ?? []).map((status) => [status.name, status]));
  const names = new Set(set.sidecars.flatMap(namesOf));
  // Not the pod's condition Ready: the container that leaves may be what keeps the pod from it.
  const stay = pod.spec.containers.filter(({ name }) => !leaving.has(name));
  const serves = stay.every((container) => {
    const status = statuses.get(container.name);
    return (
      status?.ready === true &&
      status.state?.waiting === undefined &&
      (!names.has(container.name) || isSettled(pod, container, status, record))
    );
  });
  if (!serves) return undefined;
  annotations[INPLACE_STATE_ANNOTATION] = state(pod, set, images, now);
  return { images, annotations };
}

/** The strategic merge patch that makes the change, refused where the pod is not as it was seen. */
export function patchOf(pod: SeenPod, { images, annotations }: InPlaceChange): object {
  const imagesOf = (list: "containers" | "initContainers"): object => {
    const changed = images.filter(({ container }) => pod.spec[list]?.some(({ name }) => name === container));
    return changed.length === 0 ? {} : { [list]: changed.map(({ container, to }) => ({ name: container, image: to })) };
  };
  return {
    metadata: { resourceVersion: pod.metadata.resourceVersion, annotations },
    ...(images.length === 0 ? {} : { spec: { ...imagesOf("containers"), ...imagesOf("initContainers") } }),
  };
}

/** The names that a sidecar's containers have in pods. */
export function namesOf({ name, emptyImage }: RolloutSidecar): string[] {
  return emptyImage === undefined ? [name] : [`${name}-1`, `${name}-2`];
}

function state(pod: SeenPod, set: RolloutSet, images: InPlaceChange["images"], now: string): string {
  const text = pod.metadata.annotations?.[INPLACE_STATE_ANNOTATION];
  const before = inPlaceState(text, set.name)?.lastContainerStatuses ?? {};
  const statuses = new Map(runningStatuses(pod).map((status) => [status.name, status]));
  const names = new Set(set.sidecars.flatMap(namesOf));
  const last = {
    ...Object.fromEntries(Object.entries(before).filter(([name]) => names.has(name))),
    ...Object.fromEntries(
      images.map(({ container }) => {
        const { imageID = "", restartCount = 0 } = statuses.get(container) ?? {};
        return [container, { imageID, restartCount }];
      }),
    ),
  };
  const lastContainerStatuses = Object.fromEntries(Object.entries(last).sort(([a], [b]) => (a < b ? -1 : 1)));
  return withEntry(text, set.name, { revision: set.hash, updateTimestamp: now, lastContainerStatuses });
}

/** The set's own containers, and the native sidecars that the pod has from its init containers: those are not updated in place. */
function listOf(pod: SeenPod, set: RolloutSet): string[] {
  const { sidecarList = [] } = (readEntries(pod.metadata.annotations?.[HASH_ANNOTATION])[set.name] ?? {}) as { sidecarList?: string[] };
  const native = sidecarList.filter((name) => pod.spec.initContainers?.some((container) => container.name === name));
  return [...new Set([...set.sidecars.map(({ name }) => name), ...native])].sort();
}

function imageOf(pod: SeenPod, container: string): string | undefined {
  return runningContainers(pod).find(({ name }) => name === container)?.image;
}

function otherOf({ name }: RolloutSidecar, container: string): string {
  return container === `${name}-1` ? `${name}-2` : `${name}-1`;
}

/** The container of a pair that works, by the pod's annotation; the first where it says nothing. */
export function workingOf(pod: SeenPod, { name }: RolloutSidecar): string {
  const works = readEntries(pod.metadata.annotations?.[WORKING_HOT_UPGRADE_ANNOTATION])[name];
  return works === `${name}-2` ? `${name}-2` : `${name}-1`;
}

/**
 * The container of a pair that takes the new image: the one that idles on the empty image; where none does, since an update is
 * under way, the one that is not ready or not settled. Where both serve it is the older one, where neither does the newer one.
 */
function idleOf(pod: SeenPod, sidecar: RolloutSidecar, set: RolloutSet): string {
  const [first, second] = namesOf(sidecar) as [string, string];
  if (imageOf(pod, first) === sidecar.emptyImage) return first;
  if (imageOf(pod, second) === sidecar.emptyImage) return second;
  const record = inPlaceState(pod.metadata.annotations?.[INPLACE_STATE_ANNOTATION], set.name);
  const serves = (name: string): boolean => {
    const container = pod.spec.containers.find((one) => one.name === name);
    const status = pod.status?.containerStatuses?.find((one) => one.name === name);
    return (
      container !== undefined && status?.ready === true && status.state?.waiting === undefined && isSettled(pod, container, status, record)
    );
  };
  if (serves(first) !== serves(second)) return serves(first) ? second : first;
  const works = workingOf(pod, sidecar);
  return serves(first) ? otherOf(sidecar, works) : works;
}
