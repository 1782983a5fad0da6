import { objectKey } from "@outrigger/kit/api";
import { AlreadyExistsError } from "@outrigger/kit/client";
import { controller, startController } from "@outrigger/kit/controller";
import { PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../objects/index.ts";
import { type Loop, together } from "../loop.ts";
import { againAfterConflict } from "../writes.ts";
import { claimRefOf, classOf, isBound, PROVISIONED_BY, PROVISIONER, SELECTED_NODE } from "./claims.ts";

/** The provisioner of the class `standard` in clusters that kind makes. */
const LOCAL_PATH = "rancher.io/local-path";
const NAME = `${LOCAL_PATH}_local-path-provisioner`;
const FOLDER = "/var/local-path-provisioner";

/**
 * Makes volumes for claims of classes with the provisioner `rancher.io/local-path`, on the node of the pod that uses them
 * first, and deletes them when their claim is gone. Nothing lies behind them: pods here keep no files.
 */
export const localProvisionerLoop: Loop = ({ client, informers, reporter, log }) => {
  const classes = informers.for(StorageClass).lister;
  const events = reporter(NAME);
  const ofClaims = controller(PersistentVolumeClaim, { name: "local-path-provisioner", fieldManager: "local-path-provisioner" }).reconcile(
    againAfterConflict(async (claim, ctx) => {
      const { annotations = {}, deletionTimestamp, namespace, name, uid } = claim.metadata;
      if (annotations[PROVISIONER] !== LOCAL_PATH || isBound(claim) || claim.spec.volumeName || deletionTimestamp !== undefined) return;
      const storageClass = classes.get({ name: classOf(claim) });
      const node = annotations[SELECTED_NODE];
      // Which folder on which node, only the scheduler can say.
      if (!storageClass || node === undefined) return;
      ctx.event("Provisioning", `External provisioner is provisioning volume for claim "${namespace}/${name}"`);
      const volume = `pvc-${uid}`;
      const made = {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: volume, annotations: { "local.path.provisioner/selected-node": node, [PROVISIONED_BY]: LOCAL_PATH } },
        spec: {
          accessModes: claim.spec.accessModes,
          capacity: { storage: claim.spec.resources?.requests?.["storage"] },
          claimRef: claimRefOf(claim),
          hostPath: { path: `${FOLDER}/${volume}_${namespace}_${name}`, type: "DirectoryOrCreate" },
          nodeAffinity: {
            required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] }] },
          },
          persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
          storageClassName: storageClass.metadata.name,
          volumeMode: claim.spec.volumeMode ?? "Filesystem",
        },
      };
      try {
        await client.create(PersistentVolume, made as never, { fieldManager: "local-path-provisioner" });
      } catch (error) {
        if (!(error instanceof AlreadyExistsError)) throw error;
      }
      ctx.event("ProvisioningSucceeded", `Successfully provisioned volume ${volume}`);
    }),
  );
  const ofVolumes = controller(PersistentVolume, { name: "local-path-deleter", fieldManager: "local-path-provisioner" }).reconcile(
    againAfterConflict(async (volume) => {
      const { metadata, spec, status } = volume;
      if (metadata.annotations?.[PROVISIONED_BY] !== LOCAL_PATH || metadata.deletionTimestamp !== undefined) return;
      if (status?.phase !== "Released" || spec.persistentVolumeReclaimPolicy !== "Delete") return;
      await client.delete(PersistentVolume, objectKey(volume), { preconditions: { uid: metadata.uid } });
    }),
  );
  return together([startController(ofClaims, { client, informers, events, log }), startController(ofVolumes, { client, informers, log })]);
};
