import { type Client, connect, type Transport } from "@outrigger/kit/client";
import type { ClusterSigner } from "./controllers/index.ts";
import type { DevclusterOptions } from "./devcluster.ts";
import type { LogSource, RunningKubelet } from "./kubelet/index.ts";
import type { UserInfo } from "./registry/index.ts";

/** What the control loops and the nodes use of the cluster they run in. */
export interface LoopHost {
  readonly ca: string;
  readonly signer: ClusterSigner;
  transport(user?: UserInfo): Transport;
  setLogSource(source: LogSource | undefined): void;
}

/** Starts the control loops and the nodes, as programs on the kit's client; returns how to stop them. */
export async function startLoops(host: LoopHost, { controllers, logs }: DevclusterOptions): Promise<() => Promise<void>> {
  const [{ startControllers }, { startKubelet }] = await Promise.all([import("./controllers/index.ts"), import("./kubelet/index.ts")]);
  // What Kubernetes' own loops do with deprecated versions is nobody's concern.
  const client = connect(host.transport(), { onWarning: () => {} });
  const loops = await startControllers(client, { rootCa: host.ca, signer: host.signer });
  const count = typeof controllers === "object" ? (controllers.nodes ?? 1) : 1;
  const kubelets: RunningKubelet[] = [];
  const clients: Client[] = [client];
  for (let index = 0; index < count; index++) {
    const nodeName = index === 0 ? "devnode" : `devnode-${index + 1}`;
    // Webhooks see who writes a node's status. There is no Node authorizer here, hence the second group.
    const user = { username: `system:node:${nodeName}`, groups: ["system:nodes", "system:masters"] };
    const own = connect(host.transport(user), { onWarning: () => {} });
    clients.push(own);
    kubelets.push(
      await startKubelet(own, {
        nodeName,
        podNetwork: `10.${244 - index}`,
        informers: loops.informers,
      }),
    );
  }
  const [first] = kubelets;
  if (!logs && first) host.setLogSource(kubelets.length === 1 ? first : onWhicheverNode(kubelets));
  return async () => {
    host.setLogSource(undefined);
    await Promise.all(kubelets.map((kubelet) => kubelet.stop()));
    await loops.stop();
    await Promise.all(clients.map((one) => one.close()));
  };
}

/** Asks each node in turn for a container's log. */
function onWhicheverNode(sources: readonly LogSource[]): LogSource {
  return {
    async *logs(request) {
      for (const [index, source] of sources.entries()) {
        try {
          yield* source.logs(request);
          return;
        } catch (error) {
          if (index === sources.length - 1) throw error;
        }
      }
    },
  };
}
