import { labelSelector } from "@outrigger/kit/api";
import { podFinished } from "@outrigger/kit/kinds";
import type { Candidate } from "./choose.ts";
import type { NetworkFaultSpec } from "./resource.ts";

/** The parts of a pod that matter here. */
export interface PodLike {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: { readonly hostNetwork?: boolean };
  readonly status?: { readonly phase?: string; readonly podIP?: string; readonly podIPs?: readonly { readonly ip?: string }[] };
}

/** The pods that a fault's selector means, by the pods themselves. */
export function podSelector(selector: NetworkFaultSpec["selector"]): (pod: PodLike) => boolean {
  const byLabels = labelSelector(selector as never);
  const names = selector.names && new Set(selector.names);
  return ({ metadata }) => byLabels.matches(metadata.labels) && (names === undefined || names.has(metadata.name));
}

/** A pod that ends or has ended: whatever was set in it goes with it. */
export function isGone(pod: PodLike | undefined): boolean {
  return pod === undefined || pod.metadata.deletionTimestamp !== undefined || podFinished(pod as never);
}

/** On the node's own network: a fault there would hit the node and everything on it, so it never has one. */
export function onHostNetwork(pod: PodLike): boolean {
  return pod.spec?.hostNetwork === true;
}

/** A pod as something to choose: it runs, and has an address and a network of its own. */
export function candidate(pod: PodLike): Candidate | undefined {
  const { metadata, status } = pod;
  if (isGone(pod) || onHostNetwork(pod) || status?.phase !== "Running" || !status.podIP) return undefined;
  return { name: metadata.name, uid: metadata.uid ?? "", address: status.podIP };
}

export function podAddresses({ status }: PodLike): string[] {
  const all = (status?.podIPs ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  return all.length > 0 ? all : status?.podIP ? [status.podIP] : [];
}

/** Whether a change of a pod can change what a fault does; readiness and the like cannot. */
export function podMatters(now: PodLike | undefined, before: PodLike | undefined): boolean {
  if (!now || !before) return true;
  return (
    isGone(now) !== isGone(before) ||
    now.status?.phase !== before.status?.phase ||
    podAddresses(now).join() !== podAddresses(before).join() ||
    !sameLabels(now.metadata.labels, before.metadata.labels)
  );
}

function sameLabels(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
