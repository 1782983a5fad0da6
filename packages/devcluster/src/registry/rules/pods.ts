import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { fillAppArmorProfiles } from "./app-armor.ts";
import type { KindRules } from "./kind-rules.ts";

type Quantities = Record<string, string | number>;
interface Container {
  resources?: { requests?: Quantities; limits?: Quantities };
}
interface PodParts {
  spec: {
    nodeName?: string;
    terminationGracePeriodSeconds?: number;
    containers?: Container[];
    initContainers?: Container[];
    ephemeralContainers?: unknown[];
    schedulingGates?: unknown[];
    [field: string]: unknown;
  };
  status?: { phase?: string; qosClass?: string; observedGeneration?: number; conditions?: unknown[] };
}
const parts = (object: KubeObject): PodParts => object as unknown as PodParts;

/** After `pkg/registry/core/pod`. */
export const pods: KindRules = {
  returnsDeleted: true,

  gracePeriod(object, requested) {
    const { spec, status } = parts(object);
    if (!spec.nodeName || status?.phase === "Failed" || status?.phase === "Succeeded") return 0;
    const period = requested ?? spec.terminationGracePeriodSeconds ?? 0;
    return period < 0 ? 1 : period;
  },

  prepareForCreate(object, { warn }) {
    const pod = parts(object);
    if ((pod.spec.terminationGracePeriodSeconds ?? 0) < 0) pod.spec.terminationGracePeriodSeconds = 1;
    pod.status = { phase: "Pending", qosClass: qosClass(pod) };
    if (pod.spec.schedulingGates?.length) {
      pod.status.conditions = [
        {
          type: "PodScheduled",
          status: "False",
          lastProbeTime: null,
          lastTransitionTime: null,
          reason: "SchedulingGated",
          message: "Scheduling is blocked due to non-empty scheduling gates",
        },
      ];
    }
    fillAppArmorProfiles(object, warn);
  },

  prepareForUpdate(object, old, subresource) {
    const pod = parts(object);
    const oldPod = parts(old);
    if (subresource === "status") {
      if (old.metadata.ownerReferences) object.metadata.ownerReferences = old.metadata.ownerReferences;
      else delete object.metadata.ownerReferences;
      pod.status = { ...pod.status };
      if (!pod.status.qosClass && oldPod.status?.qosClass) pod.status.qosClass = oldPod.status.qosClass;
    }
    // These two write one part of the spec alone.
    if (subresource === "ephemeralcontainers") {
      const { ephemeralContainers } = pod.spec;
      keepOld(object, old);
      parts(object).spec = { ...oldPod.spec, ...(ephemeralContainers ? { ephemeralContainers } : {}) };
    }
    if (subresource === "resize") {
      const resized = (now: Container[] | undefined, before: Container[] | undefined): Container[] | undefined =>
        before?.map((container, index) => ({ ...container, ...pick(now?.[index], ["resources", "resizePolicy"]) }));
      const containers = resized(pod.spec.containers, oldPod.spec.containers);
      const initContainers = resized(pod.spec.initContainers, oldPod.spec.initContainers);
      keepOld(object, old);
      parts(object).spec = { ...oldPod.spec, ...(containers ? { containers } : {}), ...(initContainers ? { initContainers } : {}) };
    }
  },

  generationChanges(object, old) {
    const { nodeName: _now, ...now } = parts(object).spec;
    const { nodeName: _before, ...before } = parts(old).spec;
    return !isDeepStrictEqual(now, before);
  },
};

/** What a node says of itself when it registers is kept, its status too. */
export const nodes: KindRules = {
  ownStatus: true,
  decoded(object) {
    const spec = object["spec"] as { podCIDR?: string; podCIDRs?: string[] } | undefined;
    if (spec?.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
    else if (spec?.podCIDRs?.length && !spec.podCIDR) spec.podCIDR = spec.podCIDRs[0]!;
  },
  fieldValue: (object, path) =>
    path === "spec.unschedulable" ? String((object["spec"] as { unschedulable?: boolean } | undefined)?.unschedulable ?? false) : undefined,
};

function keepOld(object: KubeObject, old: KubeObject): void {
  const { managedFields, resourceVersion } = object.metadata;
  object.metadata = { ...old.metadata };
  if (managedFields) object.metadata.managedFields = managedFields;
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion;
  for (const field of Object.keys(object)) if (field !== "metadata") delete object[field];
  for (const [field, value] of Object.entries(old)) if (field !== "metadata") object[field] = value;
}

function pick(from: object | undefined, fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(from ?? {}).filter(([field]) => fields.includes(field)));
}

const positive = (quantity: string | number): boolean => /[1-9]/.test(String(quantity).replace(/e.*/i, ""));

/** Guaranteed, Burstable or BestEffort: https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function qosClass(pod: PodParts): string {
  const containers = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])];
  let any = false;
  let guaranteed = containers.length > 0;
  for (const { resources } of containers) {
    for (const name of ["cpu", "memory"]) {
      const request = resources?.requests?.[name];
      const limit = resources?.limits?.[name];
      const requested = request !== undefined && positive(request);
      const limited = limit !== undefined && positive(limit);
      any ||= requested || limited;
      if (!limited || (requested && String(request) !== String(limit))) guaranteed = false;
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}
