import { NotFoundError } from "@outrigger/kit/client";
import { Node, Pod } from "@outrigger/kit/kinds";
import { NodeOvercommit, type NodeOvercommitObject, type NodePod, nodeState, type OvercommitNode, Policies } from "@outrigger/operator";
import { CliError } from "./errors.ts";
import { type OutputOptions, shown } from "./explain.ts";
import { type ClusterOptions, withClient } from "./kubeconfig.ts";
import { table } from "./table.ts";

/**
 * `outrigger explain node NAME`: what the node truly has, what it offers and why, and what its pods request of it.
 *
 * @throws CliError when there is no such node.
 */
export async function explainNode(name: string, options: ClusterOptions & OutputOptions): Promise<void> {
  await withClient(options, async (client) => {
    const node = await client.get(Node, { name }).catch((error: unknown) => {
      if (error instanceof NotFoundError && error.status.details?.name === name)
        throw new CliError(`there is no node ${name}: kubectl get nodes lists them`);
      throw error;
    });
    const policies = await client.list(NodeOvercommit).then(
      ({ items }) => items as readonly unknown[] as readonly NodeOvercommitObject[],
      (error: unknown) => {
        // The feature was never on here.
        if (error instanceof NotFoundError) return [];
        throw error;
      },
    );
    const pods = (await client.list(Pod, { fieldSelector: `spec.nodeName=${name}` })).items as readonly unknown[] as readonly NodePod[];
    const target = new Policies(policies).target(node.metadata);
    const state = nodeState(node as unknown as OvercommitNode, target, pods);
    const rows = (["cpu", "memory"] as const).map((resource) => {
      const figures = state[resource];
      const ratio = target?.ratios[resource] ?? 1000;
      const stored = (node.status?.allocatable as Readonly<Record<string, string>> | undefined)?.[resource] ?? "";
      return [
        resource,
        figures?.true ?? stored,
        figures?.allocatable ?? stored,
        figures?.requested ?? "",
        figures?.used ?? "",
        target ? `NodeOvercommit ${target.policy}: ratio ${ratio / 1000}` : "no NodeOvercommit selects the node",
      ];
    });
    if (options.output !== "text") {
      console.log(shown({ ...state, policy: target?.policy }, options.output));
      return;
    }
    const said = state.message === undefined ? state.state : `${state.state}: ${state.message}`;
    console.log(`${table(["RESOURCE", "TRUE", "OFFERED", "REQUESTED", "USED", "WHY"], rows)}\n${said}`);
  });
}
