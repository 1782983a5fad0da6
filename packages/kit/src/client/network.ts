import type { Transport } from "./contract.ts";
import type { ClusterAccess } from "./kubeconfig.ts";

/** A transport over TLS to the cluster: pools of keep-alive connections. Opens none before the first request. */
export function networkTransport(access: ClusterAccess, options: { readonly timeoutMs?: number } = {}): Transport {
  throw new Error(`not yet: ${access.server} ${Object.keys(options).join()}`);
}
