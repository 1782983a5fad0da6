import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIP } from "node:net";
import { type ClusterAccess, type KubeconfigOptions, loadKubeconfig } from "../client/index.ts";

/** How API servers reach the webhooks of a manager. Every part has a default that follows from where the manager runs. */
export interface WebhookServerSettings {
  /** To listen on. Default 9443 in a cluster; elsewhere the system chooses. */
  readonly port?: number;
  /** Address to listen on. Default: all addresses in a cluster; elsewhere the one of this machine that faces the API server. */
  readonly host?: string;
  /** By URL from outside of the cluster: where something stands between, such as a tunnel. Default: `https://<host>:<port>`. */
  readonly url?: string;
  /** By Service. Default in a cluster: named `<manager's name>-webhook`, in the pod's namespace, port 443. */
  readonly service?: { readonly name?: string; readonly namespace?: string; readonly port?: number };
}

export type Reach =
  | { readonly by: "url"; readonly host: string; readonly port: number; readonly url: string | undefined }
  | { readonly by: "service"; readonly host: string | undefined; readonly port: number; readonly service: Service };
interface Service {
  readonly name: string;
  readonly namespace: string;
  readonly port?: number;
}

/**
 * By Service where the manager's access to the cluster is that of its pod, or the settings name one; by URL otherwise.
 *
 * @throws RangeError for settings that contradict each other, or a Service whose namespace is not known.
 */
export async function reachOf(
  { port, host, url, service }: WebhookServerSettings,
  cluster: ClusterAccess | KubeconfigOptions | undefined,
  name: string,
): Promise<Reach> {
  if (url !== undefined && service) throw new RangeError("webhooks are reached by url or by service, not by both");
  const access = cluster && ("server" in cluster ? cluster : loadKubeconfig(cluster));
  if (service || (url === undefined && access?.source === "in-cluster")) {
    const namespace = service?.namespace ?? access?.namespace;
    if (namespace === undefined) throw new RangeError("name the namespace of the webhooks' Service: the manager was given a client alone");
    const target = { name: service?.name ?? `${name}-webhook`, namespace, ...(service?.port === undefined ? {} : { port: service.port }) };
    return { by: "service", host, port: port ?? 9443, service: target };
  }
  return { by: "url", host: host ?? (await facing(access?.server)), port: port ?? 0, url };
}

/** The address of this machine that a server sees; nothing is sent. */
async function facing(server: string | undefined): Promise<string> {
  if (server === undefined) return "127.0.0.1";
  const { hostname, port, protocol } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, "");
  if (host === "localhost" || host === "::1" || host.startsWith("127.")) return host === "::1" ? "::1" : "127.0.0.1";
  const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
  try {
    socket.connect(Number(port || (protocol === "https:" ? 443 : 80)), host);
    await once(socket, "connect");
    return socket.address().address;
  } catch {
    return "127.0.0.1";
  } finally {
    socket.close();
  }
}

/** As it stands in a URL. */
export function urlOf(host: string, port: number): string {
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
