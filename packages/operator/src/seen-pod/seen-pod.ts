import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { isNativeSidecar } from "@outrigger/kit/kinds";
import { INJECTION_ANNOTATION } from "../pod/index.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../sidecarset/index.ts";
import { keptRecord } from "./kept-record.ts";

/** On pods: which images containers had before they were last updated in place, by set. Kruise's name and format. */
export const INPLACE_STATE_ANNOTATION = "kruise.io/sidecarset-inplace-update-state";
/** Condition of a pod: whether all sets that it was injected by can update it in place. */
export const UPGRADABLE_CONDITION = "SidecarSetUpgradable";
/** A pod with this readiness gate is ready only once its injected containers are. Nothing else sets the condition. */
export const SIDECARS_READY = "outrigger.dev/sidecars-ready";

/** What the manager keeps of a pod: a few hundred bytes of the several thousand that a pod has. */
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
    /** Present where it is true. */
    readonly hostNetwork?: boolean;
    /** Only the gate `SIDECARS_READY`, where the pod has it. */
    readonly readinessGates?: readonly { readonly conditionType: string }[];
    /** None of a pod that no set was injected into and that has no gate. */
    readonly containers: readonly SeenContainer[];
    /** The native sidecars. */
    readonly initContainers?: readonly (SeenContainer & { readonly restartPolicy?: string })[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip?: string }[];
    readonly observedGeneration?: number;
    /** `Ready`, `SidecarSetUpgradable` and `SIDECARS_READY`. */
    readonly conditions?: readonly SeenCondition[];
    readonly containerStatuses?: readonly SeenContainerStatus[];
    /** Those of native sidecars; of a pod with the gate all. */
    readonly initContainerStatuses?: readonly SeenContainerStatus[];
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
const CONDITIONS = new Set(["Ready", UPGRADABLE_CONDITION, SIDECARS_READY]);
const GATES: readonly { readonly conditionType: string }[] = Object.freeze([Object.freeze({ conditionType: SIDECARS_READY })]);

/**
 * The transform of the manager's one informer of pods: builds the `SeenPod` of a whole pod. Texts that many pods share are one text.
 * Informers are shared by their transform: a second function, or none, would make a second copy of all pods.
 */
export function seenPod(object: KubeObject): KubeObject {
  // Of the whole pod, only the fields that are kept are looked at.
  const pod = object as unknown as SeenPod;
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, labels, ownerReferences } = pod.metadata;
  const annotations = keptAnnotations(pod);
  const { nodeName, hostNetwork, readinessGates, containers } = pod.spec;
  const gated = readinessGates?.some(({ conditionType }) => conditionType === SIDECARS_READY) === true;
  const injected = gated || annotations?.[INJECTED_LIST_ANNOTATION] !== undefined;
  const { phase, podIP, podIPs, observedGeneration, conditions, containerStatuses } = pod.status ?? {};
  const native = injected ? pod.spec.initContainers?.filter(isNativeSidecar) : undefined;
  const initStatuses = pod.status?.initContainerStatuses?.filter(({ name: init }) => gated || native?.some((one) => one.name === init));
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
      ...(nodeName === undefined ? {} : { nodeName: one(nodeName) }),
      ...(hostNetwork === true ? { hostNetwork } : {}),
      ...(gated ? { readinessGates: GATES } : {}),
      containers: injected ? containers.map(keptContainer) : NONE,
      ...(native === undefined ? {} : { initContainers: native.map(keptNative) }),
    },
    status: {
      ...(phase === undefined ? {} : { phase: one(phase) }),
      ...(podIP === undefined ? {} : { podIP }),
      // Of nearly all pods the list says what `podIP` says.
      ...(podIPs === undefined || (podIPs.length === 1 && podIPs[0]?.ip === podIP)
        ? {}
        : { podIPs: podIPs.map(({ ip }) => (ip === undefined ? {} : { ip })) }),
      ...(injected && observedGeneration !== undefined ? { observedGeneration } : {}),
      ...(injected && conditions ? { conditions: conditions.filter(({ type }) => CONDITIONS.has(type)).map(keptCondition) } : {}),
      ...(injected && containerStatuses ? { containerStatuses: containerStatuses.map(keptStatus) } : {}),
      ...(initStatuses !== undefined && initStatuses.length > 0 ? { initContainerStatuses: initStatuses.map(keptStatus) } : {}),
    },
  } as unknown as KubeObject;
}

const NONE: readonly SeenContainer[] = Object.freeze([]);

function keptAnnotations({ metadata, spec }: SeenPod): Record<string, string> | undefined {
  const all = metadata.annotations;
  if (all === undefined) return undefined;
  let kept: Record<string, string> | undefined;
  for (const key of ANNOTATIONS) {
    const value = all[key];
    if (value === undefined) continue;
    kept ??= {};
    // Pods that one set was injected into in one second have the same.
    kept[key] = one(value);
  }
  const record = all[INJECTION_ANNOTATION];
  if (record !== undefined) {
    kept ??= {};
    const has = (name: string) => (container: SeenContainer) => container.name === name;
    const evidence = {
      hasContainer: (name: string) => spec.containers.some(has(name)) || spec.initContainers?.some(has(name)) === true,
      listsSet: (name: string) => injectedBy({ metadata }).includes(name),
    };
    kept[INJECTION_ANNOTATION] = one(keptRecord(record, evidence));
  }
  return kept;
}

function keptNative(container: SeenContainer): SeenContainer & { readonly restartPolicy: string } {
  return { ...keptContainer(container), restartPolicy: "Always" };
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
