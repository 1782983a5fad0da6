import { objectKey } from "@outrigger/kit/api";
import { controller, startController } from "@outrigger/kit/controller";
import { claimNameOf, PersistentVolume, PersistentVolumeClaim, Pod } from "../../objects/index.ts";
import { type Loop, together } from "../loop.ts";
import { hasEnded } from "../pods/index.ts";
import { againAfterConflict, MANAGER, withoutFinalizer } from "../writes.ts";

const OF_CLAIMS = "kubernetes.io/pvc-protection";
const OF_VOLUMES = "kubernetes.io/pv-protection";

/** Names of the claims that a pod uses, those of its ephemeral volumes included. */
export function claimsOf(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => claimNameOf(pod, volume) ?? []);
}

/**
 * Lets deleted claims and volumes go once nothing uses them (`pkg/controller/volume/pvcprotection` and `pvprotection`): a
 * claim when no pod on a node uses it, a volume when no claim holds it.
 */
export const volumeProtectionLoop: Loop = ({ client, informers, log }) => {
  const pods = informers.for(Pod);
  const used = (claim: PersistentVolumeClaim): boolean =>
    pods.lister
      .list({ namespace: claim.metadata.namespace })
      .some((pod) => Boolean(pod.spec.nodeName) && !hasEnded(pod) && claimsOf(pod).includes(claim.metadata.name));
  const ofClaims = controller(PersistentVolumeClaim, { name: "pvc-protection", fieldManager: MANAGER })
    .watches(Pod, (pod) => claimsOf(pod).map((name) => ({ namespace: pod.metadata.namespace, name })))
    .reconcile(
      againAfterConflict(async (claim) => {
        const finalizers = claim.metadata.finalizers ?? [];
        if (claim.metadata.deletionTimestamp === undefined || !finalizers.includes(OF_CLAIMS) || used(claim)) return;
        await client.patch(PersistentVolumeClaim, objectKey(claim), withoutFinalizer(claim, OF_CLAIMS), { fieldManager: MANAGER });
      }),
    );
  const ofVolumes = controller(PersistentVolume, { name: "pv-protection", fieldManager: MANAGER }).reconcile(
    againAfterConflict(async (volume) => {
      const finalizers = volume.metadata.finalizers ?? [];
      if (volume.metadata.deletionTimestamp === undefined || !finalizers.includes(OF_VOLUMES) || volume.status?.phase === "Bound") return;
      await client.patch(PersistentVolume, objectKey(volume), withoutFinalizer(volume, OF_VOLUMES), { fieldManager: MANAGER });
    }),
  );
  return together([startController(ofClaims, { client, informers, log }), startController(ofVolumes, { client, informers, log })]);
};
