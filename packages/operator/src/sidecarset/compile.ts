import { sharedValue } from "@outrigger/kit/patch";
import {
  type Container,
  type EnvVar,
  INJECTED_ENV,
  type LocalObjectReference,
  type Volume,
  type VolumeDevice,
  type VolumeMount,
} from "../pod/index.ts";
import { canaryBase } from "./canary.ts";
import { hashSidecarSet, hashWithoutImage } from "./hash.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION, ON_CONFLICT_ANNOTATION, VOLUMES_ANNOTATION } from "./names.ts";
import { type CompiledPin, compilePin } from "./pin.ts";
import { type CompiledResourcesPolicy, compileResourcesPolicy } from "./resources-policy.ts";
import { pinnedRevision, revisionsOf, type SetRevision, setAtRevision } from "./revision.ts";
import { listOfContainers } from "./run-as.ts";
import type { PatchPodMetadata, SidecarContainer, SidecarSet, TransferEnv } from "./set.ts";

/** A set made ready for many pods: templates and volumes built once, frozen and shared by every pod they go to. */
export interface CompiledSidecarSet {
  readonly name: string;
  readonly paused: boolean;
  /** The set that this one, a canary, stands in for. */
  readonly canaryOf: string | undefined;
  readonly replaceOnConflict: boolean;
  /** A volume of the pod's never stands in for one of the set's. */
  readonly ownVolumes: boolean;
  readonly containers: readonly CompiledContainer[];
  readonly initContainers: readonly CompiledContainer[];
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly pullSecrets: readonly LocalObjectReference[];
  readonly metadata: readonly PatchPodMetadata[];
  readonly hash: string;
  readonly hashWithoutImage: string;
  /** Containers and native sidecars by name, sorted, as the hash annotation lists them. */
  readonly sidecarList: readonly string[];
  /** What new pods get instead of the set as it is; absent where the set pins no revision. */
  readonly pin: CompiledPin | undefined;
  /** The revision that pods of it carry; absent while the controller has not named it. */
  readonly revision: string | undefined;
  /** The set's own annotations around the time: `"<set>":{"updateTimestamp":"` … `","hash":…}`. */
  readonly record: { readonly head: string; readonly tail: string; readonly tailWithoutImage: string };
}

export interface CompiledContainer {
  readonly name: string;
  /** Where it goes in a pod. */
  readonly list: "containers" | "initContainers";
  /** What goes into the pod when nothing is shared or transferred. */
  readonly template: Container;
  readonly before: boolean;
  readonly native: boolean;
  /** It may stand in the pod's other list: the set's `outrigger.dev/run-as` has changed since it was injected. */
  readonly movable: boolean;
  readonly shareMounts: boolean;
  readonly shareDevices: boolean;
  readonly transferEnv: readonly CompiledTransfer[];
  readonly env: readonly EnvVar[];
  readonly mounts: readonly VolumeMount[];
  readonly devices: readonly VolumeDevice[];
  readonly resourcesPolicy: CompiledResourcesPolicy | undefined;
  /** The image of the idle one of a hot-upgrade pair. */
  readonly hotUpgradeEmptyImage: string | undefined;
}

/** One `transferEnv`. */
export interface CompiledTransfer {
  /** The names that are wanted: each once, sorted. */
  readonly names: readonly string[];
  /** The container to take them from; `undefined` where the set names none, or by a path that leads nowhere. */
  readonly from: string | { readonly metadata: "labels" | "annotations"; readonly key: string } | undefined;
}

/**
 * The hash of a set as its annotation says, else computed: the annotation is what running pods are compared with.
 *
 * @param revisions of this set and of others; asked where the set pins one
 */
export function compileSidecarSet(set: SidecarSet, revisions: readonly SetRevision[] = []): CompiledSidecarSet {
  const pin = set.spec.injectionStrategy?.revision;
  if (pin === undefined || (pin.revisionName === undefined && pin.customVersion === undefined)) return compileOne(set);
  const found = pinnedRevision(pin, revisionsOf(set.metadata.name ?? "", revisions));
  const at = found === undefined ? undefined : compileOne(setAtRevision(set, found), found.metadata.name);
  return { ...compileOne(set), pin: compilePin(set, pin, at) };
}

function compileOne(set: SidecarSet, revision = set.status?.latestRevision): CompiledSidecarSet {
  const name = set.metadata.name ?? "";
  const annotations = set.metadata.annotations ?? {};
  const { spec } = set;
  const initContainers = (spec.initContainers ?? []).map(compileInitContainer);
  const list = listOfContainers(set);
  // A native sidecar starts after the init containers of its own set, as the same container does that is no native sidecar.
  const late = list === "initContainers" && initContainers.some(({ before }) => !before);
  const containers = (spec.containers ?? []).map((container) => compileContainer(container, list, late));
  const sidecarList = [...containers, ...initContainers.filter((container) => container.native)].map((container) => container.name).sort();
  const hash = annotations[HASH_ANNOTATION] ?? hashSidecarSet(spec);
  const bareHash = annotations[HASH_WITHOUT_IMAGE_ANNOTATION] ?? hashWithoutImage(spec);
  const tail = (value: string, more = ""): string =>
    `","hash":${JSON.stringify(value)},"sidecarSetName":${JSON.stringify(name)},"sidecarList":${JSON.stringify(sidecarList)}${more}}`;
  const controllerRevision = revision ? `,"controllerRevision":${JSON.stringify(revision)}` : "";
  return {
    name,
    paused: spec.injectionStrategy?.paused === true,
    canaryOf: canaryBase(set),
    replaceOnConflict: annotations[ON_CONFLICT_ANNOTATION] === "replace",
    ownVolumes: annotations[VOLUMES_ANNOTATION] === "own",
    containers,
    initContainers,
    volumes: new Map((spec.volumes ?? []).map((volume) => [volume.name, sharedValue(volume)])),
    pullSecrets: spec.imagePullSecrets ?? [],
    metadata: spec.patchPodMetadata ?? [],
    hash,
    hashWithoutImage: bareHash,
    sidecarList,
    pin: undefined,
    revision: revision || undefined,
    record: {
      head: `${JSON.stringify(name)}:{"updateTimestamp":"`,
      tail: tail(hash, controllerRevision),
      tailWithoutImage: tail(bareHash),
    },
  };
}

/** The fields that kruise adds to a core container; they stay out of the pod. */
const OWN_FIELDS = new Set([
  "podInjectPolicy",
  "upgradeStrategy",
  "shareVolumePolicy",
  "shareVolumeDevicePolicy",
  "transferEnv",
  "resourcesPolicy",
]);

/** @param late it goes after the pod's own init containers, whatever its podInjectPolicy says */
function compileContainer(container: SidecarContainer, list: CompiledContainer["list"], late: boolean): CompiledContainer {
  const native = list === "initContainers";
  return {
    ...compiledParts(native ? { ...container, restartPolicy: "Always" } : container),
    list,
    before: !late && container.podInjectPolicy !== "AfterAppContainer",
    native,
    movable: true,
    hotUpgradeEmptyImage: emptyImage(container),
  };
}

function compileInitContainer(container: SidecarContainer): CompiledContainer {
  const native = container.restartPolicy === "Always";
  return {
    ...compiledParts(container),
    list: "initContainers",
    before: container.podInjectPolicy === "BeforeAppContainer",
    native,
    movable: false,
    hotUpgradeEmptyImage: native ? emptyImage(container) : undefined,
  };
}

function emptyImage({ upgradeStrategy }: SidecarContainer): string | undefined {
  return upgradeStrategy?.upgradeType === "HotUpgrade" ? (upgradeStrategy.hotUpgradeEmptyImage ?? "") : undefined;
}

type PlaceFields = "list" | "before" | "native" | "movable" | "hotUpgradeEmptyImage";

function compiledParts(container: SidecarContainer): Omit<CompiledContainer, PlaceFields> {
  const core: Container = { name: container.name };
  for (const [field, value] of Object.entries(container)) if (!OWN_FIELDS.has(field)) core[field] = value;
  const env = [...(container.env ?? []), INJECTED_ENV];
  return {
    name: container.name,
    template: sharedValue({ ...core, env }),
    shareMounts: container.shareVolumePolicy?.type === "enabled",
    shareDevices: container.shareVolumeDevicePolicy?.type === "enabled",
    transferEnv: (container.transferEnv ?? []).map(compileTransfer).filter(({ names }) => names.length > 0),
    env,
    mounts: container.volumeMounts ?? [],
    devices: container.volumeDevices ?? [],
    resourcesPolicy: container.resourcesPolicy === undefined ? undefined : compileResourcesPolicy(container.resourcesPolicy),
  };
}

/** `sourceContainerNameFrom` wins over `sourceContainerName` where both are given. */
function compileTransfer({ envName, envNames, sourceContainerName, sourceContainerNameFrom }: TransferEnv): CompiledTransfer {
  const names = [...new Set([...(envNames ?? []), ...(envName ? [envName] : [])])].sort();
  const path = sourceContainerNameFrom?.fieldRef?.fieldPath;
  if (path === undefined) return { names, from: sourceContainerName };
  const [, metadata, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  return { names, from: key === undefined ? undefined : { metadata: metadata as "labels" | "annotations", key } };
}
