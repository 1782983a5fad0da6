import { isDeepStrictEqual } from "node:util";
import { objectKey } from "@outrigger/kit/api";
import type { Client } from "@outrigger/kit/client";
import { type Context, controller, startController } from "@outrigger/kit/controller";
import { PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../objects/index.ts";
import { type Loop, together } from "../loop.ts";
import { againAfterConflict, MANAGER, writeStatus } from "../writes.ts";
import {
  BETA_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  classOf,
  isBound,
  PROVISIONED_BY,
  PROVISIONER,
  reserve,
  SELECTED_NODE,
  type VolumeCaches,
  volumeCaches,
  waitsForConsumer,
} from "./claims.ts";
import { bestVolume, isReservedFor } from "./match.ts";

const NAME = "persistentvolume-controller";
type ClaimContext = Context<typeof PersistentVolumeClaim, never>;

/** Binds claims to volumes, and reclaims volumes whose claim is gone (`pkg/controller/volume/persistentvolume`). */
export const volumeBinderLoop: Loop = ({ client, informers, reporter, log }) => {
  const caches = volumeCaches(informers);
  const events = reporter(NAME);
  const ofClaims = controller(PersistentVolumeClaim, { name: "persistentvolume-binder", fieldManager: MANAGER })
    .watches(PersistentVolume, (volume) => {
      const { claimRef } = volume.spec;
      if (claimRef?.name && claimRef.namespace) return [{ namespace: claimRef.namespace, name: claimRef.name }];
      // A free volume may be what any waiting claim of its class waits for.
      if (volume.status?.phase !== "Available") return [];
      return caches.claims
        .list()
        .filter((claim) => !isBound(claim) && (classOf(claim) === classOf(volume) || claim.spec.volumeName === volume.metadata.name))
        .map(objectKey);
    })
    .watches(StorageClass, ({ metadata }) =>
      caches.claims
        .list()
        .filter((claim) => !isBound(claim) && classOf(claim) === metadata.name)
        .map(objectKey),
    )
    .reconcile(
      againAfterConflict(async (claim, ctx) => {
        if (isBound(claim)) await keepBound(client, claim, caches, ctx as never);
        else await bindClaim(client, claim, caches, ctx as never);
      }),
    );
  const ofVolumes = controller(PersistentVolume, { name: "persistentvolume-reclaimer", fieldManager: MANAGER })
    .watches(PersistentVolumeClaim, ({ spec }) => (spec.volumeName ? [{ name: spec.volumeName }] : []))
    .reconcile(againAfterConflict((volume) => settleVolume(client, volume, caches)));
  return together([
    startController(ofClaims, { client, informers, events, log }),
    startController(ofVolumes, { client, informers, events, log }),
  ]);
};

async function bindClaim(client: Client, claim: PersistentVolumeClaim, caches: VolumeCaches, ctx: ClaimContext): Promise<void> {
  const named = claim.spec.volumeName;
  if (named) {
    const volume = caches.volumes.get({ name: named });
    if (volume && (!volume.spec.claimRef || isReservedFor(volume, claim))) await bind(client, volume, claim);
    else {
      if (volume) ctx.event("FailedBinding", `volume ${JSON.stringify(named)} already bound to a different claim.`, { type: "Warning" });
      await setPhase(client, claim, "Pending");
    }
    return;
  }
  const delayed = waitsForConsumer(claim, caches.classes) && claim.metadata.annotations?.[SELECTED_NODE] === undefined;
  const volume = bestVolume(claim, caches.volumes.list(), { reservedOnly: delayed });
  if (volume) {
    await bind(client, volume, claim);
    return;
  }
  if (claim.metadata.deletionTimestamp !== undefined) return;
  if (delayed) ctx.event("WaitForFirstConsumer", "waiting for first consumer to be created before binding");
  else if (classOf(claim) === "") ctx.event("FailedBinding", "no persistent volumes available for this claim and no storage class is set");
  else await askProvisioner(client, claim, caches, ctx);
  await setPhase(client, claim, "Pending");
}

/** Names the provisioner that is to make a volume, which watches for that. */
async function askProvisioner(client: Client, claim: PersistentVolumeClaim, { classes }: VolumeCaches, ctx: ClaimContext): Promise<void> {
  const name = classOf(claim);
  const provisioner = classes.get({ name })?.provisioner;
  if (provisioner === undefined) {
    ctx.event("ProvisioningFailed", `storageclass.storage.k8s.io ${JSON.stringify(name)} not found`, { type: "Warning" });
    return;
  }
  if (provisioner.startsWith("kubernetes.io/")) {
    ctx.event("ProvisioningFailed", `no volume plugin matched name: ${provisioner}`, { type: "Warning" });
    return;
  }
  if (claim.metadata.annotations?.[PROVISIONER] !== provisioner)
    await client.patch(
      PersistentVolumeClaim,
      objectKey(claim),
      merge({ metadata: { annotations: { [BETA_PROVISIONER]: provisioner, [PROVISIONER]: provisioner } } }),
      { fieldManager: MANAGER },
    );
  ctx.event(
    "ExternalProvisioning",
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  );
}

/** Each of the four writes is left out where it was done before: binding goes on where it stopped. */
async function bind(client: Client, volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
  const { uid, resourceVersion } = claim.metadata;
  const bound = volume.spec.claimRef?.uid === uid ? volume : await reserve(client, volume, claim, MANAGER);
  if (bound.status?.phase !== "Bound") await setPhase(client, bound, "Bound");
  let held = claim;
  if (!isBound(claim) || claim.spec.volumeName !== volume.metadata.name) {
    const chosen = claim.spec.volumeName ? {} : { [BOUND_BY_CONTROLLER]: "yes" };
    const metadata = { annotations: { ...chosen, [BIND_COMPLETED]: "yes" }, resourceVersion };
    const changes = { metadata, spec: { volumeName: volume.metadata.name } };
    held = await client.patch(PersistentVolumeClaim, objectKey(claim), merge(changes), { fieldManager: MANAGER });
  }
  const { accessModes, capacity } = volume.spec;
  const status = { ...held.status, phase: "Bound", accessModes, capacity };
  if (!isDeepStrictEqual(status, held.status)) await writeStatus(client, PersistentVolumeClaim, held, status);
}

/** A claim that was bound stays bound, or is lost with its volume. */
async function keepBound(client: Client, claim: PersistentVolumeClaim, { volumes }: VolumeCaches, ctx: ClaimContext): Promise<void> {
  const name = claim.spec.volumeName ?? "";
  const volume = name === "" ? undefined : volumes.get({ name });
  if (volume && (!volume.spec.claimRef || isReservedFor(volume, claim))) {
    await bind(client, volume, claim);
    return;
  }
  if (claim.status?.phase === "Lost") return;
  const [reason, message] =
    name === ""
      ? ["ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"]
      : volume
        ? ["ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly"]
        : ["ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"];
  await setPhase(client, claim, "Lost");
  ctx.event(reason!, message!, { type: "Warning" });
}

async function settleVolume(client: Client, volume: PersistentVolume, { claims }: VolumeCaches): Promise<void> {
  const { claimRef } = volume.spec;
  if (!claimRef?.uid) {
    await setPhase(client, volume, "Available");
    return;
  }
  const key = { namespace: claimRef.namespace!, name: claimRef.name! };
  let claim = claims.get(key);
  // A cache may be behind, and what is released is gone: ask.
  if (claim?.metadata.uid !== claimRef.uid) claim = await client.find(PersistentVolumeClaim, key);
  if (claim?.metadata.uid === claimRef.uid) {
    if (claim.spec.volumeName === volume.metadata.name) await setPhase(client, volume, "Bound");
    return;
  }
  const released = volume.status?.phase === "Failed" ? volume : await setPhase(client, volume, "Released");
  await reclaim(client, released);
}

/** What becomes of a volume whose claim is gone. Those of provisioners are theirs to delete. */
async function reclaim(client: Client, volume: PersistentVolume): Promise<void> {
  const { persistentVolumeReclaimPolicy: policy = "Retain" } = volume.spec;
  if (volume.metadata.deletionTimestamp !== undefined) return;
  if (policy === "Recycle") {
    const metadata = { annotations: { [BOUND_BY_CONTROLLER]: null }, resourceVersion: volume.metadata.resourceVersion };
    const free = await client.patch(PersistentVolume, objectKey(volume), merge({ metadata, spec: { claimRef: null } }), {
      fieldManager: MANAGER,
    });
    await setPhase(client, free, "Available");
  } else if (policy === "Delete" && volume.metadata.annotations?.[PROVISIONED_BY] === undefined) {
    await client.delete(PersistentVolume, objectKey(volume), { preconditions: { uid: volume.metadata.uid } });
  }
}

function merge(patch: object): { type: "merge"; patch: never } {
  return { type: "merge", patch: patch as never };
}

async function setPhase<T extends PersistentVolume | PersistentVolumeClaim>(client: Client, object: T, phase: string): Promise<T> {
  if (object.status?.phase === phase) return object;
  const resource = object.kind === "PersistentVolume" ? PersistentVolume : PersistentVolumeClaim;
  return (await writeStatus(client, resource as never, object as never, { ...object.status, phase })) as T;
}
