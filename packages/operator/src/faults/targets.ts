import { createHash } from "node:crypto";
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
  /** What the status keeps of `cidrs`: their marks, sorted. */
  readonly marks: readonly string[];
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
 * @param held the marks of the CIDRs that the fault is in force for, where these targets are what it was set for
 * @throws TargetsError where targets are named and none has an address, or they have too many; StatusError and ConnectionError of the client.
 */
export async function resolveTargets(
  targets: NetworkFaultSpec["targets"],
  around: Surroundings,
  client: Client,
  signal: AbortSignal,
  held?: ReadonlySet<string>,
): Promise<ResolvedTargets> {
  if (!targets?.cidrs && !targets?.pods && !targets?.services) return { cidrs: undefined, marks: [], found: 0 };
  const found = new Found();
  for (const text of targets.cidrs ?? []) found.add(text, WRITTEN);
  for (const { selector, namespaceSelector } of targets.pods ?? []) {
    const matches = labelSelector(selector as never);
    for (const namespace of namespaceSelector ? selected(around, namespaceSelector) : [around.namespace])
      for (const pod of around.pods(namespace))
        if (!isGone(pod) && !onHostNetwork(pod) && matches.matches(pod.metadata.labels))
          for (const address of podAddresses(pod)) found.add(address, pod.metadata.uid ?? "");
  }
  for (const { name, namespace = around.namespace } of targets.services ?? []) await addService(found, client, { namespace, name }, signal);
  if (found.size === 0)
    throw new TargetsError(
      "NoTargets",
      "no target has an address of its own: the pods or services that spec.targets names are not there, or on the network of their node",
    );
  const all = found.cidrs;
  if (all.length <= MOST_ADDRESSES) return { ...found.resolved(all), found: found.size };
  const shortfall = `the targets have ${found.size} addresses, and a fault can have ${MOST_ADDRESSES}: name their network in cidrs`;
  if (held === undefined) throw new TargetsError("TooManyTargets", shortfall);
  const first = all.filter((cidr) => found.marksOf(cidr).some((mark) => held.has(mark)));
  const kept = [...new Set([...first, ...all])].slice(0, MOST_ADDRESSES);
  return { ...found.resolved(kept), found: found.size, shortfall };
}

/** The source of addresses that the author of the fault wrote. */
const WRITTEN = "";

/**
 * Addresses, and the objects that each is from.
 *
 * The status keeps which addresses a fault was set for, and must not tell them: whoever reads the fault may not be allowed to read
 * pods or services of other namespaces. So it keeps marks: hashes of an address and the uid of the object that has it. Uids are
 * random, so a mark says nothing to people who cannot read the object.
 */
class Found {
  readonly #marks = new Map<string, string[]>();

  get size(): number {
    return this.#marks.size;
  }

  get cidrs(): string[] {
    return [...this.#marks.keys()].sort();
  }

  add(address: string, source: string): void {
    const cidr = cidrOf(address);
    const mark = createHash("sha256").update(`${source}/${cidr}`).digest("base64url").slice(0, 12);
    const known = this.#marks.get(cidr);
    if (known === undefined) this.#marks.set(cidr, [mark]);
    else if (!known.includes(mark)) known.push(mark);
  }

  marksOf(cidr: string): readonly string[] {
    return this.#marks.get(cidr) ?? [];
  }

  resolved(cidrs: readonly string[]): Pick<ResolvedTargets, "cidrs" | "marks"> {
    const sorted = [...cidrs].sort();
    return { cidrs: sorted, marks: sorted.flatMap((cidr) => this.marksOf(cidr)).sort() };
  }
}

function selected(around: Surroundings, selector: object): string[] {
  const matches = labelSelector(selector as never);
  return around.namespaces().flatMap(({ metadata }) => (matches.matches(metadata.labels) ? [metadata.name ?? ""] : []));
}

async function addService(
  found: Found,
  client: Client,
  key: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = key;
  const [service, slices] = await Promise.all([
    client.get(Service, key, { signal }).catch((error: unknown) => {
      if (error instanceof NotFoundError) throw new TargetsError("NoTargets", `there is no service ${namespace}/${name}`);
      throw error;
    }),
    client.list(EndpointSlice, { namespace, labelSelector: `kubernetes.io/service-name=${name}`, signal }),
  ]);
  for (const address of service.spec.clusterIPs ?? []) if (address !== "None" && address !== "") found.add(address, service.metadata.uid);
  for (const { metadata, addressType, endpoints } of slices.items)
    if (addressType !== "FQDN")
      for (const { addresses } of endpoints ?? []) for (const address of addresses as readonly string[]) found.add(address, metadata.uid);
}

/** An address or a CIDR in the one way of writing it that agents have too, so that none is sent twice. */
function cidrOf(text: string): string {
  return parseCidr(text)?.text ?? text;
}
