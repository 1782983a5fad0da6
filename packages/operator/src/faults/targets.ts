import { parseCidr } from "@outrigger/agent/fault";
import { type KubeObject, labelSelector } from "@outrigger/kit/api";
import { type Client, NotFoundError } from "@outrigger/kit/client";
import { EndpointSlice, Service } from "@outrigger/kit/kinds";
import { MOST_ADDRESSES } from "./body.ts";
import { isGone, onHostNetwork, type PodLike, podAddresses } from "./candidates.ts";
import type { NetworkFaultSpec } from "./resource.ts";

/** What the cache knows of pods and namespaces. */
export interface Surroundings {
  /** The namespace of the fault. */
  readonly namespace: string;
  pods(namespace: string | undefined): readonly PodLike[];
  namespaces(): readonly { readonly metadata: KubeObject["metadata"] }[];
}

/** Targets that cannot be used: the fault is not set, rather than set for all traffic. */
export class TargetsError extends Error {
  override readonly name = "TargetsError";
  readonly code = "ERR_TARGETS";
  readonly reason: "NoTargets" | "TooManyTargets";

  constructor(reason: "NoTargets" | "TooManyTargets", message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The targets of a fault for its agents. */
export interface ResolvedTargets {
  /** In order, each once; undefined where the targets name no address, which means traffic with any. */
  readonly cidrs: readonly string[] | undefined;
  /** How many there are; more than `cidrs` where those are too many for a fault. */
  readonly found: number;
  /** What is wrong where they are more than a fault can have. */
  readonly shortfall?: string;
}

/**
 * The addresses of a fault's targets.
 *
 * A service is its cluster IPs and the addresses of its endpoints: which of them a packet bears inside the pod depends on
 * how the cluster's network balances.
 *
 * A pod that ends or has ended is no target: its address may be another pod's by now. Nor is one on its node's network,
 * whose address is the node's: all that the node sends, the kubelet's probes too, would be meant. Whoever means that
 * names the address in `cidrs`.
 *
 * A fault that is set for more addresses than it can have is set for none: whoever sets it reads why, and can mend it. One
 * that is in force when its targets become too many goes on, with those that it had before the others: an experiment that
 * ends unseen because a Deployment grew would be worth nothing.
 *
 * @param held the CIDRs that the fault is in force for, where these targets are what it was set for
 * @throws TargetsError where targets are named and none has an address, or they have too many; StatusError and ConnectionError of the client.
 */
export async function resolveTargets(
  targets: NetworkFaultSpec["targets"],
  around: Surroundings,
  client: Client,
  signal: AbortSignal,
  held?: readonly string[],
): Promise<ResolvedTargets> {
  if (!targets?.cidrs && !targets?.pods && !targets?.services) return { cidrs: undefined, found: 0 };
  const cidrs = new Set(targets.cidrs?.map(cidrOf));
  for (const { selector, namespaceSelector } of targets.pods ?? []) {
    const matches = labelSelector(selector as never);
    for (const namespace of namespaceSelector ? selected(around, namespaceSelector) : [around.namespace])
      for (const pod of around.pods(namespace))
        if (!isGone(pod) && !onHostNetwork(pod) && matches.matches(pod.metadata.labels))
          for (const address of podAddresses(pod)) cidrs.add(cidrOf(address));
  }
  for (const { name, namespace = around.namespace } of targets.services ?? [])
    for (const address of await serviceAddresses(client, { namespace, name }, signal)) cidrs.add(cidrOf(address));
  if (cidrs.size === 0)
    throw new TargetsError(
      "NoTargets",
      "no target has an address of its own: the pods or services that spec.targets names are not there, or on the network of their node",
    );
  if (cidrs.size <= MOST_ADDRESSES) return { cidrs: [...cidrs].sort(), found: cidrs.size };
  const shortfall = `the targets have ${cidrs.size} addresses, and a fault can have ${MOST_ADDRESSES}: name their network in cidrs`;
  if (held === undefined) throw new TargetsError("TooManyTargets", shortfall);
  const first = held.filter((cidr) => cidrs.has(cidr));
  const kept = [...new Set([...first, ...[...cidrs].sort()])].slice(0, MOST_ADDRESSES);
  return { cidrs: kept.sort(), found: cidrs.size, shortfall };
}

function selected(around: Surroundings, selector: object): string[] {
  const matches = labelSelector(selector as never);
  return around.namespaces().flatMap(({ metadata }) => (matches.matches(metadata.labels) ? [metadata.name ?? ""] : []));
}

async function serviceAddresses(
  client: Client,
  key: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<string[]> {
  const { namespace, name } = key;
  const [service, slices] = await Promise.all([
    client.get(Service, key, { signal }).catch((error: unknown) => {
      if (error instanceof NotFoundError) throw new TargetsError("NoTargets", `there is no service ${namespace}/${name}`);
      throw error;
    }),
    client.list(EndpointSlice, { namespace, labelSelector: `kubernetes.io/service-name=${name}`, signal }),
  ]);
  const own = (service.spec.clusterIPs ?? []).filter((address) => address !== "None" && address !== "");
  const endpoints = slices.items.flatMap((slice) =>
    slice.addressType === "FQDN" ? [] : slice.endpoints.flatMap((endpoint) => endpoint.addresses as readonly string[]),
  );
  return [...own, ...endpoints];
}

/** An address or a CIDR in the one way of writing it that agents have too, so that none is sent twice. */
function cidrOf(text: string): string {
  return parseCidr(text)?.text ?? text;
}
