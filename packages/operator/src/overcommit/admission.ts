import type { Cause } from "@outrigger/kit/api";
import { type AdmissionAnswer, type AdmissionRequest, invalid } from "@outrigger/kit/webhook";
import { quantity, RESOURCES } from "./amounts.ts";
import { decideNode } from "./decide.ts";
import { type NodeDemands, podsAtRisk } from "./demand.ts";
import type { OvercommitMetrics } from "./metrics.ts";
import { RECORD_ANNOTATION, readRecord } from "./record.ts";
import type { NodeOvercommitObject } from "./resource.ts";
import { Policies } from "./target.ts";
import { correctWrite, type OvercommitNode } from "./write.ts";

/** Nodes and pods that a refusal names. */
const NAMED = 3;

/** Answers a write of a node's status: what its kubelet says is amplified once, what others write about it is not taken. */
export function mutateNodeStatus(request: AdmissionRequest, metrics: OvercommitMetrics): AdmissionAnswer {
  const [sent, stored] = [request.object as unknown as OvercommitNode | null, request.oldObject as unknown as OvercommitNode | null];
  if (request.operation !== "UPDATE" || request.subResource !== "status" || !sent?.metadata || !stored?.metadata) return { allowed: true };
  const { username, groups = [] } = request.userInfo ?? {};
  const byKubelet = username === `system:node:${request.name ?? stored.metadata.name}` && groups.includes("system:nodes");
  const { allocatable, record } = correctWrite(stored, sent, byKubelet);
  const patch = [
    ...Object.entries(allocatable).map(([resource, value]) => ({ op: "add" as const, path: `/status/allocatable/${resource}`, value })),
    ...recordPatch(sent, record),
  ];
  metrics.reviewed(byKubelet ? "kubelet" : "other", patch.length > 0);
  return patch.length === 0 ? { allowed: true } : { allowed: true, patch };
}

function recordPatch({ metadata }: OvercommitNode, record: string | null | undefined) {
  if (record === undefined) return [];
  const path = `/metadata/annotations/${RECORD_ANNOTATION.replace("/", "~1")}`;
  if (record === null) return [{ op: "remove" as const, path }];
  if (metadata.annotations === undefined)
    return [{ op: "add" as const, path: "/metadata/annotations", value: { [RECORD_ANNOTATION]: record } }];
  return [{ op: "add" as const, path, value: record }];
}

/**
 * Refuses a change of a policy that would lower a ratio below what pods request, unless it drains or forces. The controller
 * would not follow such a change either; so the one who makes it hears of it at once.
 */
export function validatePolicy(
  request: AdmissionRequest,
  {
    policies,
    nodes,
    demands,
  }: { readonly policies: readonly NodeOvercommitObject[]; readonly nodes: readonly OvercommitNode[]; readonly demands: NodeDemands },
): AdmissionAnswer {
  const next = request.object as unknown as NodeOvercommitObject | null;
  if (request.operation !== "UPDATE" || !next?.spec || next.metadata.deletionTimestamp !== undefined) return { allowed: true };
  if (next.spec.drain === true || next.spec.force === true) return { allowed: true };
  if (JSON.stringify((request.oldObject as NodeOvercommitObject | null)?.spec) === JSON.stringify(next.spec)) return { allowed: true };
  const now = new Policies([...policies.filter(({ metadata }) => metadata.name !== next.metadata.name), next]);
  const causes = RESOURCES.flatMap((resource): Cause[] => {
    const affected = nodes.flatMap((node) => {
      if (readRecord(node.metadata.annotations)?.policy !== next.metadata.name) return [];
      const name = node.metadata.name ?? "";
      const { held } = decideNode(node, now.target(node.metadata), { requested: demands.requested(name) });
      const one = held.find((each) => each.resource === resource);
      return one ? [{ name, ...one, ended: podsAtRisk(demands.pods(name), resource, one.wouldOffer) }] : [];
    });
    const [first] = affected;
    if (!first) return [];
    const ended = first.ended.slice(0, NAMED).join(", ");
    return [
      {
        reason: "FieldValueForbidden",
        field: `spec.ratios.${resource}`,
        message: `${affected.length === 1 ? "node" : `${affected.length} nodes, such as`} ${first.name}: pods request ${quantity(resource, first.requested)} and it would offer ${quantity(resource, first.wouldOffer)}; a kubelet that restarts then would end ${ended || "pods"}. Set drain: true to evict them first, or force: true`,
      },
    ];
  });
  return causes.length === 0 ? { allowed: true } : invalid(causes);
}
