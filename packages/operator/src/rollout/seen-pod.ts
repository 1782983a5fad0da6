import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../sidecarset/index.ts";

/** On pods: which images containers had before they were last updated in place, by set. Kruise's name and format. */
export const INPLACE_STATE_ANNOTATION = "kruise.io/sidecarset-inplace-update-state";
/** Condition of a pod: whether all sets that it was injected by can update it in place. */
export const UPGRADABLE_CONDITION = "SidecarSetUpgradable";

/** What a rollout keeps of a pod: a few hundred bytes of the several thousand that a pod has. */
export interface SeenPod {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
      readonly controller?: boolean;
    }[];
  };
  readonly spec: {
    readonly nodeName?: string;
    /** None of a pod that no set was injected into. */
    readonly containers: readonly SeenContainer[];
    /** The native sidecars. */
    readonly initContainers?: readonly { readonly name: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly observedGeneration?: number;
    /** `Ready` and `SidecarSetUpgradable`. */
    readonly conditions?: readonly SeenCondition[];
    readonly containerStatuses?: readonly SeenContainerStatus[];
  };
}

export interface SeenContainer {
  readonly name: string;
  readonly image?: string;
}

export interface SeenCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface SeenContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
}

const ANNOTATIONS: readonly string[] = [
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  INPLACE_STATE_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
];
const CONDITIONS = new Set(["Ready", UPGRADABLE_CONDITION]);

/** Transform of the pod informer: builds the `SeenPod` of a whole pod. Texts that many pods share are one text. */
export function seenPod(object: KubeObject): KubeObject {
  const pod = object as unknown as WholePod;
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, labels, ownerReferences } = pod.metadata;
  const annotations = keptAnnotations(pod.metadata.annotations);
  const injected = annotations?.[INJECTED_LIST_ANNOTATION] !== undefined;
  const { phase, observedGeneration, conditions, containerStatuses } = pod.status ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: one(namespace),
      uid,
      resourceVersion,
      ...(injected && generation !== undefined ? { generation } : {}),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
    spec: {
      ...(pod.spec.nodeName === undefined ? {} : { nodeName: one(pod.spec.nodeName) }),
      containers: injected ? pod.spec.containers.map(keptContainer) : NONE,
      ...(injected && pod.spec.initContainers !== undefined ? { initContainers: nativeSidecars(pod.spec.initContainers) } : {}),
    },
    status: {
      ...(phase === undefined ? {} : { phase: one(phase) }),
      ...(injected && observedGeneration !== undefined ? { observedGeneration } : {}),
      ...(injected && conditions ? { conditions: conditions.filter(({ type }) => CONDITIONS.has(type)).map(keptCondition) } : {}),
      ...(injected && containerStatuses ? { containerStatuses: containerStatuses.map(keptStatus) } : {}),
    },
  } as unknown as KubeObject;
}

interface WholePod extends Omit<SeenPod, "spec"> {
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly SeenContainer[];
    readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string }[];
  };
}

const NONE: readonly SeenContainer[] = Object.freeze([]);

function keptAnnotations(all: Readonly<Record<string, string>> | undefined): Record<string, string> | undefined {
  if (all === undefined) return undefined;
  let kept: Record<string, string> | undefined;
  for (const key of ANNOTATIONS) {
    const value = all[key];
    if (value === undefined) continue;
    kept ??= {};
    // Pods that one set was injected into in one second have the same.
    kept[key] = one(value);
  }
  return kept;
}

function nativeSidecars(containers: readonly { readonly name: string; readonly restartPolicy?: string }[]): { readonly name: string }[] {
  return containers.filter(({ restartPolicy }) => restartPolicy === "Always").map(({ name }) => ({ name: one(name) }));
}

function keptContainer({ name, image }: SeenContainer): SeenContainer {
  return image === undefined ? { name: one(name) } : { name: one(name), image: one(image) };
}

function keptCondition({ type, status, reason, message, lastTransitionTime }: SeenCondition): SeenCondition {
  return {
    type: one(type),
    status: one(status),
    ...(reason === undefined || type === "Ready" ? {} : { reason: one(reason) }),
    ...(message === undefined || type === "Ready" ? {} : { message: one(message) }),
    ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
  };
}

function keptStatus({ name, image, imageID, ready, restartCount, state }: SeenContainerStatus): SeenContainerStatus {
  const waiting = state?.waiting;
  return {
    name: one(name),
    image: one(image),
    imageID: one(imageID),
    ready,
    restartCount,
    ...(waiting === undefined ? {} : { state: { waiting } }),
  };
}

/** Texts kept for sharing at most; beyond, sharing begins anew. */
const MOST = 20_000;
const texts = new Map<string, string>();

/** The copy of a text that other pods have already: each pod that is parsed brings its own. */
function one(text: string): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  if (texts.size >= MOST) texts.clear();
  texts.set(text, text);
  return text;
}

/** The names of the sets that a pod was injected by, from its annotation. */
export function injectedBy(pod: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }): string[] {
  return (pod.metadata.annotations?.[INJECTED_LIST_ANNOTATION] ?? "").split(",").filter((name) => name !== "");
}

/** Neither ended nor being deleted. */
export function isActive({ metadata, status }: SeenPod): boolean {
  return metadata.deletionTimestamp === undefined && status?.phase !== "Succeeded" && status?.phase !== "Failed";
}

export function podKey({ metadata }: SeenPod): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Whether nothing that is kept differs but the resource version: most writes of a kubelet are about something else. */
export function sameButVersion(a: SeenPod, b: SeenPod): boolean {
  const { resourceVersion: _a, ...metadataA } = a.metadata;
  const { resourceVersion: _b, ...metadataB } = b.metadata;
  return isDeepStrictEqual(a.status, b.status) && isDeepStrictEqual(metadataA, metadataB) && isDeepStrictEqual(a.spec, b.spec);
}
