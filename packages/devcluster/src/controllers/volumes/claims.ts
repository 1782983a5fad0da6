import { objectKey } from "@outrigger/kit/api";
import type { Informers, Lister } from "@outrigger/kit/cache";
import type { Client } from "@outrigger/kit/client";
import { PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../objects/index.ts";

export const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
export const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
export const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
export const PROVISIONER = "volume.kubernetes.io/storage-provisioner";
export const BETA_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";
const BETA_CLASS = "volume.beta.kubernetes.io/storage-class";

/** What is known of the cluster's storage. */
export interface VolumeCaches {
  readonly claims: Lister<PersistentVolumeClaim>;
  readonly volumes: Lister<PersistentVolume>;
  readonly classes: Lister<StorageClass>;
}
export function volumeCaches(informers: Informers): VolumeCaches {
  return {
    claims: informers.for(PersistentVolumeClaim).lister,
    volumes: informers.for(PersistentVolume).lister,
    classes: informers.for(StorageClass).lister,
  };
}

/** The name of the class that an object asks for; "" for none. */
export function classOf({
  metadata,
  spec,
}: {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly storageClassName?: string };
}): string {
  return metadata.annotations?.[BETA_CLASS] ?? spec.storageClassName ?? "";
}

/** The claim is bound only when a pod that uses it is scheduled. */
export function waitsForConsumer(claim: PersistentVolumeClaim, classes: Lister<StorageClass>): boolean {
  return classes.get({ name: classOf(claim) })?.volumeBindingMode === "WaitForFirstConsumer";
}

/** How a volume names the claim that it is for. */
export function claimRefOf({ metadata: { namespace, name, uid, resourceVersion } }: PersistentVolumeClaim): object {
  return { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid, resourceVersion };
}

/** Reserves a volume for a claim; a conflict means that the volume changed meanwhile. Of a free volume it notes that nobody chose it by hand. */
export function reserve(
  client: Client,
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
  fieldManager: string,
): Promise<PersistentVolume> {
  const { resourceVersion } = volume.metadata;
  const annotations = volume.spec.claimRef ? {} : { annotations: { [BOUND_BY_CONTROLLER]: "yes" } };
  const patch = { metadata: { ...annotations, resourceVersion }, spec: { claimRef: claimRefOf(claim) } };
  return client.patch(PersistentVolume, objectKey(volume), { type: "merge", patch: patch as never }, { fieldManager });
}

export const isBound = ({ metadata }: PersistentVolumeClaim): boolean => metadata.annotations?.[BIND_COMPLETED] !== undefined;
