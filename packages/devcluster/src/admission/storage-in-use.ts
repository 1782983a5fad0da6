import { type AdmissionPlugin, concerns } from "./plugin.ts";

/** By `group/plural`. */
const FINALIZERS: Readonly<Record<string, string>> = {
  "/persistentvolumeclaims": "kubernetes.io/pvc-protection",
  "/persistentvolumes": "kubernetes.io/pv-protection",
  "storage.k8s.io/volumeattributesclasses": "kubernetes.io/vac-protection",
};

/** Claims and volumes do not go while something uses them: each new one gets a finalizer. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  admit(attributes) {
    const { object, resource } = attributes;
    const finalizer = FINALIZERS[`${resource.group}/${resource.resource}`];
    if (!object || !finalizer || attributes.operation !== "CREATE" || !concerns(attributes, resource.group, resource.resource)) return;
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.includes(finalizer)) return;
    attributes.object = { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
  },
};
