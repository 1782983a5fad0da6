import { isDeepStrictEqual } from "node:util";
import { defaultObject, kinds } from "@outrigger/machinery/kinds";
import type { Container, Pod, Volume, VolumeMount } from "./pod.ts";

/** Limits and requests that the LimitRanges of a namespace give to containers without their own. */
export interface ContainerDefaults {
  readonly limits?: Readonly<Record<string, string>>;
  readonly requests?: Readonly<Record<string, string>>;
}

/** What the API server's own admission plugins may have added to an injected container since it was injected. */
export interface ServerAdditions {
  readonly pod: Pod;
  readonly containerDefaults: ContainerDefaults | undefined;
}

/**
 * An injected container brought up to date with what its rule wants now; the very same object when it is already.
 *
 * The pod's author could have written the container, so only what the API server itself adds is kept of it:
 * - the values that Kubernetes fills into fields that are not set,
 * - the mount of the service account's token, where its volume is the one that Kubernetes makes,
 * - `imagePullPolicy: Always` (admission plugin AlwaysPullImages),
 * - limits and requests of the namespace's LimitRanges.
 * Kruise replaces the container without looking at it.
 */
export function refreshed(existing: Container, wanted: Container, { pod, containerDefaults }: ServerAdditions): Container {
  const own = readable(existing, pod);
  if (own === undefined) return wanted;
  const plain = filled(wanted, pod);
  const result: Container = { ...wanted };
  if (own["imagePullPolicy"] === "Always" && plain["imagePullPolicy"] !== "Always") result["imagePullPolicy"] = "Always";
  const token = tokenMount(existing, wanted, pod);
  if (token !== undefined) result.volumeMounts = [...(wanted.volumeMounts ?? []), token];
  if (!same(own["resources"], plain["resources"])) {
    const limited = withDefaults(wanted, containerDefaults);
    if (limited !== undefined && same(own["resources"], filled(limited, pod)["resources"])) result["resources"] = existing["resources"];
  }
  return same(own, filled(result, pod)) ? existing : result;
}

/** The fields in which two containers differ as Kubernetes would store them, sorted. */
export function differences(existing: Container, wanted: Container, { pod }: ServerAdditions): string[] {
  const own = readable(existing, pod);
  if (own === undefined) return ["what is no container"];
  const other = filled(wanted, pod);
  const fields = new Set([...Object.keys(own), ...Object.keys(other)]);
  return [...fields].filter((field) => !same(own[field], other[field])).sort();
}

/** Whether a pod's volume holds what a rule's does, apart from what Kubernetes fills in. */
export function sameVolume(existing: Volume, wanted: Volume): boolean {
  if (existing === wanted) return true;
  const fill = (volume: Volume): unknown => podWith({ containers: [], volumes: [structuredClone(volume)] }).spec.volumes?.[0];
  try {
    return same(fill(existing), fill(wanted));
  } catch {
    return false;
  }
}

const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

function tokenMount(existing: Container, wanted: Container, pod: Pod): VolumeMount | undefined {
  const isToken = (mount: VolumeMount): boolean => mount.mountPath === TOKEN_PATH;
  const mount = existing.volumeMounts?.find(isToken);
  if (mount === undefined || wanted.volumeMounts?.some(isToken)) return undefined;
  const { name, mountPath, readOnly, ...more } = mount;
  if (readOnly !== true || Object.keys(more).length > 0) return undefined;
  const volume = pod.spec.volumes?.find((one) => one.name === name);
  return volume !== undefined && isTokenVolume(volume) ? { name, readOnly, mountPath } : undefined;
}

/** The volume of the ServiceAccount plugin (kubernetes plugin/pkg/admission/serviceaccount, TokenVolumeSource). */
function isTokenVolume(volume: Volume): boolean {
  const { name: _name, ...source } = volume;
  const { projected } = source as { projected?: { sources?: { serviceAccountToken?: { expirationSeconds?: number } }[] } };
  const expirationSeconds = projected?.sources?.[0]?.serviceAccountToken?.expirationSeconds;
  return same(source, {
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
      ],
    },
  });
}

type Resources = { readonly limits?: object; readonly requests?: object } | undefined;

/** As the LimitRanger plugin does (plugin/pkg/admission/limitranger, mergeContainerResources). */
function withDefaults(container: Container, defaults: ContainerDefaults | undefined): Container | undefined {
  if (defaults === undefined) return undefined;
  const { limits, requests } = (container["resources"] as Resources) ?? {};
  return { ...container, resources: { limits: { ...defaults.limits, ...limits }, requests: { ...defaults.requests, ...requests } } };
}

/** Nothing for what no API server would have let through: files and tests can hold anything. */
function readable(container: Container, pod: Pod): Container | undefined {
  try {
    return filled(container, pod);
  } catch {
    return undefined;
  }
}

/** A container as Kubernetes stores it in this pod: amounts normalized, defaults in. */
function filled(container: Container, { spec }: Pod): Container {
  const { hostNetwork } = spec;
  return podWith({ containers: [structuredClone(container)], ...(hostNetwork === undefined ? {} : { hostNetwork }) }).spec.containers[0]!;
}

function podWith(spec: Pod["spec"]): Pod {
  const pod: Pod = { apiVersion: "v1", kind: "Pod", metadata: {}, spec };
  defaultObject(kinds().byKind("", "v1", "Pod")!, pod);
  return pod;
}

/** Equal, where an empty value counts as none: Kubernetes does not write it out. */
function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(bare(a), bare(b));
}

function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(bare);
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).flatMap(([field, inner]) => {
      const left = bare(inner);
      return left === undefined ? [] : [[field, left]];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  return value === null || value === "" ? undefined : value;
}
