import type { ClusterAccess } from "./access.ts";
import { ApiClient } from "./client.ts";
import type { Client, Transport, WarningHandler } from "./contract.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import type { KubeconfigOptions } from "./kubeconfig-files.ts";
import { type NetworkOptions, networkTransport } from "./network.ts";
import { Warnings } from "./warnings.ts";

/** Which cluster a client speaks to, as whom, and through what. */
export interface ConnectOptions extends NetworkOptions {
  /** Field manager of writes that name none. Default: `outrigger` for apply; for others the server takes the user agent's name. */
  readonly fieldManager?: string;
  /** Told each warning of the server once. Default: `process.emitWarning`. */
  readonly onWarning?: WarningHandler;
  /** Told of each answer (or `<error>`), for metrics: `rest_client_requests_total`. */
  readonly onRequest?: (method: string, status: string, host: string) => void;
}

/**
 * A client of the cluster that a kubeconfig names, or over a transport of the caller's. Opens no connection by itself.
 *
 * @param target what `loadKubeconfig` returned, its options (`{ file }`, `{ text }`, `{ context }`), or a transport.
 *   Default: the current kubeconfig, or the pod's service account.
 * @throws KubeconfigError
 */
export function connect(target: ClusterAccess | KubeconfigOptions | Transport = {}, options: ConnectOptions = {}): Client {
  const { onRequest } = options;
  let transport: Transport;
  let namespace = "default";
  let host = "in-process";
  if ("request" in target) {
    transport = target;
  } else {
    const access = "server" in target ? target : loadKubeconfig(target);
    ({ namespace } = access);
    host = new URL(access.server).host;
    transport = networkTransport(access, options);
  }
  return new ApiClient({
    transport,
    namespace,
    fieldManager: options.fieldManager,
    warnings: new Warnings(options.onWarning ?? ((text) => process.emitWarning(text, { type: "KubernetesWarning" }))),
    onAnswer: onRequest && ((method, status) => onRequest(method, status, host)),
  });
}
