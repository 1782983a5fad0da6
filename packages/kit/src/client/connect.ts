import type { Client, Transport, WarningHandler } from "./contract.ts";
import type { ClusterAccess, KubeconfigOptions } from "./kubeconfig.ts";

export interface ConnectOptions {
  /** Field manager of writes that name none. Default `outrigger`. */
  readonly fieldManager?: string;
  readonly userAgent?: string;
  /** Told each warning of the server once. Default: `process.emitWarning`. */
  readonly onWarning?: WarningHandler;
  /** Milliseconds until a request without an answer is given up. Default 60,000. */
  readonly timeoutMs?: number;
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
  throw new Error(`not yet: ${Object.keys(target).join()} ${Object.keys(options).join()}`);
}
