import { isDeepStrictEqual } from "node:util";
import {
  CUSTOM_VERSION_LABEL,
  pinnedRevision,
  REVISION_HASH_LABEL,
  REVISION_SET_LABEL,
  revisionData,
  revisionHash,
  revisionName,
  revisionsOf,
  type SetRevision,
  type SidecarSet,
} from "../sidecarset/index.ts";

/** What is to be done so that a set's newest revision is the set as it is. */
export type RevisionPlan =
  | { readonly do: "nothing"; readonly latest: SetRevision; readonly collisionCount: number }
  /** The set went back to an older revision, or its labels changed: `revision` with new number, labels and annotations. */
  | { readonly do: "renew"; readonly latest: SetRevision; readonly collisionCount: number }
  | { readonly do: "create"; readonly latest: SetRevision; readonly collisionCount: number };

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * @param revisions those of the set
 * @param collisionCount as the set's status says: how often a name was taken by another content
 */
export function planRevision(set: SidecarSet, revisions: readonly SetRevision[], namespace: string, collisionCount: number): RevisionPlan {
  const name = set.metadata.name ?? "";
  const sorted = revisionsOf(name, revisions);
  const newest = sorted.at(-1)?.revision ?? 0;
  const data = revisionData(set.spec);
  const labels = labelsOf(set);
  const { [LAST_APPLIED]: _, ...annotations } = set.metadata.annotations ?? {};
  const same = sorted.findLast((revision) => isDeepStrictEqual(plain(revision.data), plain(data)));
  if (same !== undefined) {
    const hash = same.metadata.labels?.[REVISION_HASH_LABEL] ?? "";
    const wanted = { ...same.metadata.labels, ...labels, [REVISION_HASH_LABEL]: hash };
    const upToDate =
      same.revision === newest &&
      isDeepStrictEqual({ ...same.metadata.labels }, wanted) &&
      Object.entries(annotations).every(([key, value]) => same.metadata.annotations?.[key] === value);
    if (upToDate) return { do: "nothing", latest: same, collisionCount };
    const metadata = { ...same.metadata, labels: wanted, annotations: { ...same.metadata.annotations, ...annotations } };
    const revision = same.revision === newest ? newest : newest + 1;
    return { do: "renew", latest: { ...same, metadata, revision }, collisionCount };
  }
  let count = collisionCount;
  let hash = revisionHash(data, count);
  while (sorted.some(({ metadata }) => metadata.name === revisionName(name, hash))) hash = revisionHash(data, ++count);
  const latest: SetRevision = {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: { name: revisionName(name, hash), namespace, labels: { ...labels, [REVISION_HASH_LABEL]: hash }, annotations },
    data,
    revision: newest + 1,
  };
  return { do: "create", latest, collisionCount: count };
}

function labelsOf(set: SidecarSet): Record<string, string> {
  const version = set.spec.customVersion ?? set.metadata.labels?.[CUSTOM_VERSION_LABEL];
  return { [REVISION_SET_LABEL]: set.metadata.name ?? "", ...(version === undefined ? {} : { [CUSTOM_VERSION_LABEL]: version }) };
}

/** As it is after a way through JSON. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

/**
 * Revisions that are too many: the oldest beyond `revisionHistoryLimit` (10) of those that nothing uses. In use are the
 * latest, those that pods carry, and the one that the set pins for injection.
 */
export function surplusRevisions(
  set: SidecarSet,
  revisions: readonly SetRevision[],
  latest: string,
  carried: ReadonlySet<string>,
): SetRevision[] {
  const sorted = revisionsOf(set.metadata.name ?? "", revisions);
  const pinned = pinnedRevision(set.spec.injectionStrategy?.revision ?? {}, sorted)?.metadata.name;
  const unused = sorted.filter(({ metadata: { name = "" } }) => name !== latest && name !== pinned && !carried.has(name));
  return unused.slice(0, Math.max(0, unused.length - (set.spec.revisionHistoryLimit ?? 10)));
}
