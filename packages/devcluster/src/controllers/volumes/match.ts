import { labelSelector, Quantity } from "@outrigger/kit/api";
import type { PersistentVolume, PersistentVolumeClaim } from "../../objects/index.ts";
import { classOf } from "./claims.ts";

const storage = (amounts: Readonly<Record<string, unknown>> | undefined): Quantity => Quantity.parse(String(amounts?.["storage"] ?? "0"));

/** The volume that was made for this claim: its `claimRef` names the claim. */
export function isReservedFor({ spec: { claimRef } }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  if (claimRef?.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

/**
 * The volume that a claim is to get: one that is reserved for it, else the smallest that has what it asks for
 * (`volume.FindMatchingVolume`).
 *
 * @param reservedOnly leave volumes that nobody reserved alone: the claim waits for its first consumer.
 * @param usable whether a volume may be taken; all when absent.
 */
export function bestVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  {
    reservedOnly = false,
    usable = () => true,
  }: { readonly reservedOnly?: boolean; readonly usable?: (volume: PersistentVolume) => boolean } = {},
): PersistentVolume | undefined {
  const wanted = storage(claim.spec.resources?.requests);
  const mode = claim.spec.volumeMode ?? "Filesystem";
  const fits = volumes.filter(
    (volume) =>
      storage(volume.spec.capacity).cmp(wanted) >= 0 &&
      (volume.spec.volumeMode ?? "Filesystem") === mode &&
      (volume.metadata.deletionTimestamp === undefined || isReservedFor(volume, claim)) &&
      usable(volume),
  );
  const reserved = fits.find((volume) => isReservedFor(volume, claim));
  if (reserved || reservedOnly) return reserved;
  const selector = claim.spec.selector && labelSelector(claim.spec.selector as never);
  const free = fits.filter(
    (volume) =>
      !volume.spec.claimRef &&
      volume.status?.phase === "Available" &&
      classOf(volume) === classOf(claim) &&
      (claim.spec.accessModes ?? []).every((access) => volume.spec.accessModes?.includes(access)) &&
      (!selector || selector.matches(volume.metadata.labels)),
  );
  return free.sort((a, b) => storage(a.spec.capacity).cmp(storage(b.spec.capacity)) || a.metadata.name.localeCompare(b.metadata.name))[0];
}
