import { objectKey } from "@outrigger/kit/api";
import type { Client } from "@outrigger/kit/client";
import { type Node, type PersistentVolume, PersistentVolumeClaim, type Pod } from "../../objects/index.ts";
import { bestVolume, claimsOf, classOf, reserve, SELECTED_NODE, type VolumeCaches, waitsForConsumer } from "../volumes/index.ts";
import { matchesTerm } from "./fit.ts";

/** What the claims of a pod ask of its node. */
export interface PodVolumes {
  /** Why no node can take the pod. */
  readonly problem?: string;
  /** Why this node cannot. */
  misfit(node: Node): string | undefined;
  /** Claims that wait for this pod. */
  readonly waiting: readonly PersistentVolumeClaim[];
}

const MANAGER = "kube-scheduler";
const NONE: PodVolumes = { misfit: () => undefined, waiting: [] };

/** After the scheduler's plug-in VolumeBinding. */
export function volumesOf(pod: Pod, caches: VolumeCaches): PodVolumes {
  const names = claimsOf(pod);
  if (names.length === 0) return NONE;
  const bound: PersistentVolume[] = [];
  const waiting: PersistentVolumeClaim[] = [];
  for (const name of names) {
    const claim = caches.claims.get({ namespace: pod.metadata.namespace, name });
    if (!claim) return { ...NONE, problem: `persistentvolumeclaim ${JSON.stringify(name)} not found` };
    if (claim.status?.phase === "Lost")
      return {
        ...NONE,
        problem: `persistentvolumeclaim ${JSON.stringify(name)} bound to non-existent persistentvolume ${JSON.stringify(claim.spec.volumeName ?? "")}`,
      };
    if (claim.metadata.deletionTimestamp !== undefined)
      return { ...NONE, problem: `persistentvolumeclaim ${JSON.stringify(name)} is being deleted` };
    const volume = claim.status?.phase === "Bound" ? caches.volumes.get({ name: claim.spec.volumeName ?? "" }) : undefined;
    if (volume) bound.push(volume);
    else if (waitsForConsumer(claim, caches.classes)) waiting.push(claim);
    else return { ...NONE, problem: "pod has unbound immediate PersistentVolumeClaims" };
  }
  return {
    waiting,
    misfit(node) {
      if (!bound.every((volume) => usableOn(volume, node))) return "node(s) didn't match PersistentVolume's node affinity";
      return waiting.every((claim) => canHave(claim, node, caches))
        ? undefined
        : "node(s) didn't find available persistent volumes to bind";
    },
  };
}

function usableOn({ spec }: PersistentVolume, node: Node): boolean {
  const terms = spec.nodeAffinity?.required?.nodeSelectorTerms;
  return !terms || terms.some((term) => matchesTerm(term as never, node));
}

/** A claim that was promised to a node stays there; else a free volume must do, or a provisioner. */
function canHave(claim: PersistentVolumeClaim, node: Node, { volumes, classes }: VolumeCaches): boolean {
  const selected = claim.metadata.annotations?.[SELECTED_NODE];
  if (selected !== undefined) return selected === node.metadata.name;
  if (bestVolume(claim, volumes.list(), { usable: (volume) => usableOn(volume, node) })) return true;
  return classes.get({ name: classOf(claim) })?.provisioner !== "kubernetes.io/no-provisioner";
}

/** Reserves free volumes for the pod's claims, or asks for new ones on its node. */
export async function claimOn(node: Node, { waiting }: PodVolumes, client: Client, caches: VolumeCaches): Promise<void> {
  for (const claim of waiting) {
    if (claim.metadata.annotations?.[SELECTED_NODE] !== undefined) continue;
    const volume = bestVolume(claim, caches.volumes.list(), { usable: (candidate) => usableOn(candidate, node) });
    if (volume?.spec.claimRef) continue;
    if (volume) await reserve(client, volume, claim, MANAGER);
    else {
      const metadata = { annotations: { [SELECTED_NODE]: node.metadata.name } };
      await client.patch(
        PersistentVolumeClaim,
        objectKey(claim),
        { type: "merge", patch: { metadata } as never },
        { fieldManager: MANAGER },
      );
    }
  }
}
