import type { Lister } from "@outrigger/kit/cache";
import type { PersistentVolumeClaim, StorageClass } from "../../objects/index.ts";

export const BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
export const BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
export const PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
export const SELECTED_NODE = "volume.kubernetes.io/selected-node";
export const PROVISIONER = "volume.kubernetes.io/storage-provisioner";
export const BETA_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner";
const BETA_CLASS = "volume.beta.kubernetes.io/storage-class";

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

export const isBound = ({ metadata }: PersistentVolumeClaim): boolean => metadata.annotations?.[BIND_COMPLETED] !== undefined;
