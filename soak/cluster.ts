import { type Client, connect } from "@outrigger/kit/client";
import { startTestCluster } from "@outrigger/testing";
import { ApiServerProcess } from "./api-server-process.ts";

export interface SoakCluster {
  readonly kind: string;
  readonly client: Client;
  /** Ends the API server and starts it again, where it is a process that may be. */
  readonly restart: (() => Promise<void>) | undefined;
  close(): Promise<void>;
}

/** @param kubeconfigFile of a cluster that is there; else one is started: real Kubernetes from KUBEBUILDER_ASSETS, or a devcluster. */
export async function soakCluster(kubeconfigFile: string | undefined): Promise<SoakCluster> {
  if (kubeconfigFile !== undefined) {
    const client = connect({ file: kubeconfigFile });
    return { kind: "existing", client, restart: undefined, close: () => client.close() };
  }
  const cluster = await startTestCluster({ bare: true });
  const client = connect({ text: cluster.kubeconfig });
  const server = cluster.kind === "real" ? ApiServerProcess.find() : undefined;
  return {
    kind: cluster.kind,
    client,
    restart: server ? () => server.restart(client) : undefined,
    async close() {
      await client.close();
      await server?.close();
      await cluster.close();
    },
  };
}
