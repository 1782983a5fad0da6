import type { KubeObject } from "@outrigger/kit/api";
import { Node, Pod } from "@outrigger/kit/kinds";
import { mutate, mutatingConfiguration, validate, validatingConfiguration, type WebhookTarget } from "@outrigger/kit/webhook";
import type { Feature } from "../feature/index.ts";
import { mutateNodeStatus, validatePolicy } from "./admission.ts";
import { NodeDemands } from "./demand.ts";
import { OvercommitMetrics } from "./metrics.ts";
import { nodeController, type OvercommitMemory } from "./node-controller.ts";
import { policyController } from "./policy-controller.ts";
import { RECORD_ANNOTATION } from "./record.ts";
import { NodeOvercommit, type NodeOvercommitObject } from "./resource.ts";
import type { OvercommitNode } from "./write.ts";

const PATHS = {
  nodes: "/mutate--v1-node-status",
  policies: "/validate-outrigger-dev-v1alpha1-nodeovercommit",
} as const;
const LABELS = { "app.kubernetes.io/managed-by": "outrigger" };
/** Nodes' heartbeats wait for us: the API server goes on without us soon. */
const TIMEOUT_SECONDS = 2;

/** NodeOvercommits, off unless asked for: it writes to nodes. */
export function nodeOvercommit(): Feature {
  const memory: OvercommitMemory = { demands: new NodeDemands(), metrics: new OvercommitMetrics() };
  return {
    name: "node-overcommit",
    optional: true,
    definitions: () => [NodeOvercommit.crd() as unknown as KubeObject],
    reads: [{ resource: NodeOvercommit }, { resource: Node }, { resource: Pod }],
    controllers: [nodeController(memory), policyController(memory)],
    configurations: (target) => [nodeConfiguration(target), policyConfiguration(target)],
    run: ({ informers }) => {
      const { demands, metrics } = memory;
      // A manager that starts again in this process has missed what went meanwhile.
      demands.forget();
      const follow = (now: unknown, before: unknown): void => void demands.follow(now as never, before as never);
      // The controllers run in one replica, and the webhook in each.
      informers.for(Pod).addHandler({
        onAdd: (pod) => follow(pod, undefined),
        onUpdate: follow,
        onDelete: (pod) => follow(undefined, pod),
      });
      const listed = (): { policies: readonly NodeOvercommitObject[]; nodes: readonly OvercommitNode[] } => ({
        policies: informers.for(NodeOvercommit).lister.list() as readonly NodeOvercommitObject[],
        nodes: informers.for(Node).lister.list() as unknown as readonly OvercommitNode[],
      });
      return {
        handlers: [
          mutate(PATHS.nodes, (request) => mutateNodeStatus(request, metrics)),
          validate(PATHS.policies, (request) => validatePolicy(request, { ...listed(), demands })),
        ],
        metrics: async () => metrics.families(),
      };
    },
  };
}

/** Only nodes that take part are sent, so that no other node depends on us. */
function nodeConfiguration(target: WebhookTarget): KubeObject {
  return mutatingConfiguration({
    name: "outrigger-nodes",
    labels: LABELS,
    target,
    webhooks: [
      {
        name: "overcommit.nodes.outrigger.dev",
        path: PATHS.nodes,
        rules: [{ operations: ["UPDATE"], resources: ["nodes/status"], scope: "Cluster" }],
        matchConditions: [
          {
            name: "node-is-overcommitted",
            expression: `has(oldObject.metadata.annotations) && '${RECORD_ANNOTATION}' in oldObject.metadata.annotations`,
          },
        ],
        failurePolicy: "Ignore",
        timeoutSeconds: TIMEOUT_SECONDS,
      },
    ],
  });
}

/** The controller holds a ratio up by itself; without us a policy can still be changed, and lose its finalizer. */
function policyConfiguration(target: WebhookTarget): KubeObject {
  return validatingConfiguration({
    name: "outrigger-nodeovercommits",
    labels: LABELS,
    target,
    webhooks: [
      {
        name: "validate.nodeovercommit.outrigger.dev",
        path: PATHS.policies,
        rules: [
          {
            apiGroups: ["outrigger.dev"],
            apiVersions: ["v1alpha1"],
            operations: ["UPDATE"],
            resources: ["nodeovercommits"],
            scope: "Cluster",
          },
        ],
        failurePolicy: "Ignore",
      },
    ],
  });
}
