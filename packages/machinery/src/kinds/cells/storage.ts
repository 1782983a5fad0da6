import type { core, storage } from "@outrigger/kit/kubernetes";
import { age, name, type Printers, printer, quantityText } from "./printer.ts";

const LEGACY_CLASS = "volume.beta.kubernetes.io/storage-class";
const DEFAULT_CLASS = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

export const storageCells: Printers = {
  "/PersistentVolume": printer<core.PersistentVolume>((object, now) => {
    const { spec, status } = object;
    return [
      name(object),
      quantityText(spec?.capacity?.["storage"]),
      accessModes(spec?.accessModes),
      spec?.persistentVolumeReclaimPolicy ?? "",
      phase(object),
      spec?.claimRef ? `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}` : "",
      object.metadata?.annotations?.[LEGACY_CLASS] ?? spec?.storageClassName ?? "",
      spec?.volumeAttributesClassName ?? "<unset>",
      status?.reason ?? "",
      age(object, now),
      spec?.volumeMode ?? "<unset>",
    ];
  }),
  "/PersistentVolumeClaim": printer<core.PersistentVolumeClaim>((object, now) => {
    const { spec, status } = object;
    const bound = Boolean(spec?.volumeName);
    return [
      name(object),
      phase(object),
      spec?.volumeName ?? "",
      bound ? quantityText(status?.capacity?.["storage"]) : "",
      bound ? accessModes(status?.accessModes) : "",
      object.metadata?.annotations?.[LEGACY_CLASS] ?? spec?.storageClassName ?? "",
      spec?.volumeAttributesClassName ?? "<unset>",
      age(object, now),
      spec?.volumeMode ?? "<unset>",
    ];
  }),
  "storage.k8s.io/StorageClass": printer<storage.StorageClass>((object, now) => {
    const isDefault = DEFAULT_CLASS.some((key) => object.metadata?.annotations?.[key] === "true");
    return [
      isDefault ? `${name(object)} (default)` : name(object),
      object.provisioner ?? "",
      object.reclaimPolicy ?? "Delete",
      object.volumeBindingMode ?? "Immediate",
      object.allowVolumeExpansion ?? false,
      age(object, now),
    ];
  }),
  "storage.k8s.io/VolumeAttributesClass": printer<storage.VolumeAttributesClass>((object, now) => [
    name(object),
    object.driverName ?? "",
    age(object, now),
  ]),
  "storage.k8s.io/VolumeAttachment": printer<storage.VolumeAttachment>((object, now) => [
    name(object),
    object.spec?.attacher ?? "",
    object.spec?.source?.persistentVolumeName ?? "",
    object.spec?.nodeName ?? "",
    object.status?.attached ?? false,
    age(object, now),
  ]),
  "storage.k8s.io/CSINode": printer<storage.CSINode>((object, now) => [
    name(object),
    (object.spec?.drivers ?? []).length,
    age(object, now),
  ]),
  "storage.k8s.io/CSIDriver": printer<storage.CSIDriver>((object, now) => {
    const { spec } = object;
    return [
      name(object),
      spec?.attachRequired ?? true,
      spec?.podInfoOnMount ?? false,
      spec?.storageCapacity ?? false,
      spec?.tokenRequests?.map(({ audience }) => audience).join(",") ?? "<unset>",
      spec?.requiresRepublish ?? false,
      (spec?.volumeLifecycleModes ?? []).join(",") || "<none>",
      age(object, now),
    ];
  }),
};

/** In Kubernetes' order, each once. */
const SHORT: readonly [mode: string, short: string][] = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
];
function accessModes(modes: readonly string[] = []): string {
  return SHORT.filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(",");
}

function phase({ metadata, status }: core.PersistentVolume | core.PersistentVolumeClaim): string {
  return metadata?.deletionTimestamp ? "Terminating" : (status?.phase ?? "");
}
