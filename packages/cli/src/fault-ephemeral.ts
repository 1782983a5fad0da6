import { type Client, StatusError } from "@outrigger/kit/client";
import { Pod } from "@outrigger/kit/kinds";
import { CliError } from "./errors.ts";

const NAME = "network-fault-agent";

/**
 * Puts the agent into running pods as an ephemeral container. Kubernetes lets such a container have no ports, resources,
 * probes or restart policy, and never takes it out again: the agent stays until the pod ends, and is not started again
 * when it dies, though its watchdog still ends its faults.
 *
 * @throws CliError naming the pod and why the API server refuses, as Pod Security below `privileged` does.
 */
export async function giveAgents(
  client: Client,
  namespace: string,
  pods: readonly string[],
  agent: { readonly image: string; readonly port: number },
): Promise<void> {
  for (const name of pods) {
    const pod = await client.get(Pod, { namespace, name });
    if (pod.spec.ephemeralContainers?.some((container) => container.name === NAME)) continue;
    const container = {
      name: NAME,
      image: agent.image,
      env: [{ name: "NODE_IP", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } }],
      ...(agent.port === 2332 ? {} : { args: ["--port", String(agent.port)] }),
      securityContext: {
        runAsUser: 0,
        runAsNonRoot: false,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] },
      },
    };
    try {
      await client.patch(
        Pod,
        { namespace, name },
        { type: "strategic", patch: { spec: { ephemeralContainers: [container] } } },
        { subresource: "ephemeralcontainers" },
      );
      console.error(`pod/${name}: the agent was added as an ephemeral container`);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw new CliError(`pod ${name} cannot be given an agent: ${error.message}`, { cause: error });
    }
  }
}
