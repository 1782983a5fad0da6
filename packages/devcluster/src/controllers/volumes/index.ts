/**
 * PersistentVolumes and claims: binding, reclaiming, the finalizers that keep what is in use, and a provisioner for the
 * class `standard`, as kind installs one.
 *
 * Guarantees
 * - Claims and volumes are bound, lost, released and reclaimed as by `pkg/controller/volume/persistentvolume`.
 * - A claim that a pod uses, and a volume that a claim holds, do not go before they are let go.
 *
 * Caveats
 * - Volumes hold nothing. Of reclaim policies, `Delete` works for what this provisioner made; other provisioners delete their own.
 */
export { volumeBinderLoop } from "./binder.ts";
export { classOf, reserve, SELECTED_NODE, type VolumeCaches, volumeCaches, waitsForConsumer } from "./claims.ts";
export { bestVolume } from "./match.ts";
export { claimsOf, volumeProtectionLoop } from "./protection.ts";
export { localProvisionerLoop } from "./provisioner.ts";
