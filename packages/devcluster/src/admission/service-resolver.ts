import type { ClusterReader } from "../registry/index.ts";

/** Where a Service is reached: an address and a TCP port. */
export interface ServiceAddress {
  readonly host: string;
  readonly port: number;
}

/** Finds out where a Service that a webhook names is reached. @throws Error with the words for the refusal. */
export type ResolveService = (namespace: string, name: string, port: number) => ServiceAddress;

interface Subset {
  readonly addresses?: readonly { readonly ip: string }[];
  readonly ports?: readonly { readonly name?: string; readonly port: number }[];
}
interface Slice {
  readonly endpoints?: readonly { readonly addresses?: readonly string[]; readonly conditions?: { readonly ready?: boolean } }[];
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
}

/**
 * Goes from the Service's port to a ready endpoint, by EndpointSlices or Endpoints: nobody forwards cluster IPs here.
 * Processes of this machine become endpoints as they do in a cluster: by objects that carry their address and port.
 */
export function endpointResolver(reader: ClusterReader): ResolveService {
  return (namespace, name, port) => {
    const service = reader.get("", "services", { namespace, name });
    if (!service) throw new Error(`service ${JSON.stringify(name)} not found`);
    const spec = service["spec"] as { type?: string; externalName?: string; ports?: { name?: string; port: number }[] };
    if (spec.type === "ExternalName") return { host: spec.externalName ?? "", port };
    const wanted = spec.ports?.find((candidate) => candidate.port === port);
    if (!wanted) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
    for (const slice of reader.list("discovery.k8s.io", "endpointslices")) {
      if (slice.metadata.namespace !== namespace || slice.metadata.labels?.["kubernetes.io/service-name"] !== name) continue;
      const { endpoints = [], ports = [] } = slice as unknown as Slice;
      const host = endpoints.find(({ conditions, addresses }) => conditions?.ready !== false && addresses?.length)?.addresses?.[0];
      const target = ports.find((candidate) => (candidate.name ?? "") === (wanted.name ?? ""))?.port;
      if (host && target) return { host, port: target };
    }
    const endpoints = reader.get("", "endpoints", { namespace, name });
    for (const subset of (endpoints?.["subsets"] as Subset[] | undefined) ?? []) {
      const host = subset.addresses?.[0]?.ip;
      const target = subset.ports?.find((candidate) => (candidate.name ?? "") === (wanted.name ?? ""))?.port;
      if (host && target) return { host, port: target };
    }
    throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
  };
}
