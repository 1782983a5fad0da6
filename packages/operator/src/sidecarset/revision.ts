import type { KubeObject } from "@outrigger/kit/api";
import { goJson, goSidecar } from "./go-json.ts";
import { safeEncode } from "./hash.ts";
import { CUSTOM_VERSION_LABEL, HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "./names.ts";
import type { SidecarSet, SidecarSetSpec } from "./set.ts";

/** On a ControllerRevision: the set that it is a revision of. */
export const REVISION_SET_LABEL = "kruise.io/sidecarset-name";
/** On a ControllerRevision: the hash of its data, which its name ends with. */
export const REVISION_HASH_LABEL = "controller.kubernetes.io/hash";

/** The parts of a set's spec that a revision keeps: what decides what a pod gets injected. */
const KEPT = ["containers", "imagePullSecrets", "initContainers", "patchPodMetadata", "volumes"] as const;

/** A `apps/v1` ControllerRevision of a SidecarSet. They lie in the manager's namespace, since sets have none. */
export interface SetRevision extends KubeObject {
  data?: { readonly spec?: Readonly<Record<string, unknown>> };
  revision: number;
}

/** What finds a revision: the kit's `ControllerRevision` as it is read, or a `SetRevision`. */
interface Numbered {
  readonly metadata: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly revision: number;
}

/**
 * What a revision of this spec, as it is stored, keeps: Go's JSON of its fields as kruise's controller writes it, absent ones null.
 * Source: recorded revisions.
 */
export function revisionData(spec: SidecarSetSpec): { readonly spec: Readonly<Record<string, unknown>> } {
  const list = <T>(items: readonly T[] | undefined, write: (item: T) => unknown): unknown[] | null =>
    items === undefined || items.length === 0 ? null : items.map(write);
  return {
    spec: {
      $patch: "replace",
      containers: list(spec.containers, (container) => goSidecar(container, true)),
      imagePullSecrets: list(spec.imagePullSecrets, (secret) => secret),
      initContainers: list(spec.initContainers, (container) => goSidecar(container, true)),
      patchPodMetadata: list(spec.patchPodMetadata, (patch) => patch),
      volumes: list(spec.volumes, (volume) => volume),
    },
  };
}

/**
 * The hash by which a revision is named: the 32-bit FNV-1 of the data's JSON, keys sorted, and the set's collision count.
 * Source: Kubernetes pkg/controller/history.
 */
export function revisionHash(data: unknown, collisionCount = 0): string {
  return safeEncode(String(fnv1(`${goJson(sorted(data))}${collisionCount}`)));
}

export function revisionName(set: string, hash: string): string {
  return `${set}-${hash}`;
}

/** The revisions of one set, the oldest first. */
export function revisionsOf<T extends Numbered>(set: string, revisions: Iterable<T>): T[] {
  return [...revisions]
    .filter(({ metadata }) => metadata.labels?.[REVISION_SET_LABEL] === set)
    .sort((a, b) => a.revision - b.revision || ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
}

/**
 * The revision that a set's `injectionStrategy.revision` names, among those of the set: by name, else the newest of a
 * custom version. `undefined` where there is none.
 */
export function pinnedRevision<T extends Numbered>(
  pin: { readonly customVersion?: string; readonly revisionName?: string },
  revisions: readonly T[],
): T | undefined {
  if (pin.revisionName) return revisions.find(({ metadata }) => metadata.name === pin.revisionName);
  if (!pin.customVersion) return undefined;
  return revisions.findLast(({ metadata }) => metadata.labels?.[CUSTOM_VERSION_LABEL] === pin.customVersion);
}

/** The set as it was at a revision: containers, volumes, secrets and patches, and the hashes among its annotations; all else is today's. */
export function setAtRevision(set: SidecarSet, revision: SetRevision): SidecarSet {
  const spec: SidecarSetSpec = { ...set.spec };
  for (const field of KEPT) {
    const value = revision.data?.spec?.[field];
    if (value === undefined || value === null) delete spec[field];
    else (spec as Record<string, unknown>)[field] = value;
  }
  const annotations = { ...set.metadata.annotations };
  for (const key of [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION]) {
    const hash = revision.metadata.annotations?.[key];
    // Without it the hash is computed from the containers.
    if (hash) annotations[key] = hash;
    else delete annotations[key];
  }
  return { ...set, metadata: { ...set.metadata, annotations }, spec };
}

function fnv1(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  return hash;
}

/** With the keys of every object in order, as Go writes maps. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted((value as Record<string, unknown>)[key])]),
  );
}
