import { quantity, RESOURCES, type ResourceName, units } from "./amounts.ts";
import { decideNode, type Held } from "./decide.ts";
import { type NodePod, podsAtRisk, type Requested, totalOf } from "./demand.ts";
import { DRAINING_ANNOTATION } from "./drain.ts";
import { readRecord } from "./record.ts";
import type { NodeEntry } from "./resource.ts";
import type { Target } from "./target.ts";
import type { OvercommitNode } from "./write.ts";

/** Pods that a message names. */
const NAMED = 5;

/** Where a node stands, for the policy's status and for people. */
export interface NodeState extends NodeEntry {
  /** Resources of which its pods request more than it truly has. */
  readonly overcommitted: readonly ResourceName[];
}

/**
 * @param target what the node should offer; nothing where no policy selects it any more
 * @param pods the node's pods
 */
export function nodeState(node: OvercommitNode, target: Target | undefined, pods: readonly NodePod[], force = false): NodeState {
  const requested = totalOf(pods);
  const { held, write, unclear } = decideNode(node, target, { requested, force });
  const draining = node.metadata.annotations?.[DRAINING_ANNOTATION] !== undefined;
  const messages = [
    ...held.map((one) => heldMessage(one, pods)),
    ...unclear.map((resource) => `allocatable ${resource} exceeds the node's capacity: somebody else amplifies it`),
    ...(target?.problem === undefined ? [] : [target.problem]),
    ...pressure(node),
  ];
  const figures = RESOURCES.flatMap((resource) => figuresOf(node, resource, requested));
  const record = readRecord(node.metadata.annotations);
  return {
    name: node.metadata.name ?? "",
    state: held.length > 0 ? (draining ? "Draining" : "Held") : write || unclear.length > 0 ? "Pending" : "AtRatio",
    ...(messages.length === 0 ? {} : { message: messages.join("; ") }),
    ...Object.fromEntries(figures),
    overcommitted: RESOURCES.filter((resource) => record?.[resource] && requested[resource] > units(resource, record[resource].true)),
  };
}

/** What would happen to which pods if a node offered what it should. */
export function heldMessage({ resource, wouldOffer, requested }: Held, pods: readonly NodePod[]): string {
  const ended = podsAtRisk(pods, resource, wouldOffer);
  return `its pods request ${quantity(resource, requested)} of ${resource} and it would offer ${quantity(resource, wouldOffer)}: a kubelet that restarts then would end ${named(ended)}`;
}

/** Which pods depend on the amplification of a node. */
export function overcommittedMessage(node: OvercommitNode, resource: ResourceName, pods: readonly NodePod[]): string {
  const known = readRecord(node.metadata.annotations)?.[resource]?.true ?? "0";
  const amount = quantity(resource, totalOf(pods)[resource]);
  return `pods request ${amount} of ${resource} of a true ${known}; if the node offered only that and its kubelet restarted, it would end ${named(podsAtRisk(pods, resource, units(resource, known)))}`;
}

/** Whether the node lacks the memory that it offers more than once. */
export function pressure(node: OvercommitNode & { readonly status?: { readonly conditions?: unknown } }): string[] {
  const conditions = (node.status?.conditions ?? []) as readonly { readonly type: string; readonly status: string }[];
  const pressed = conditions.some(({ type, status }) => type === "MemoryPressure" && status === "True");
  return pressed && readRecord(node.metadata.annotations)?.memory ? ["it is under memory pressure, and its memory is overcommitted"] : [];
}

function figuresOf(node: OvercommitNode, resource: ResourceName, requested: Requested): [string, NonNullable<NodeEntry["cpu"]>][] {
  const known = readRecord(node.metadata.annotations)?.[resource];
  const stored = node.status?.allocatable?.[resource];
  if (!known || stored === undefined) return [];
  const amount = units(resource, known.true);
  const hundredths = amount === 0n ? 0 : Number((requested[resource] * 100n) / amount);
  return [
    [
      resource,
      {
        true: known.true,
        allocatable: String(stored),
        requested: quantity(resource, requested[resource]),
        used: (hundredths / 100).toFixed(2),
      },
    ],
  ];
}

function named(pods: readonly string[]): string {
  if (pods.length === 0) return "no pod";
  return `${pods.slice(0, NAMED).join(", ")}${pods.length > NAMED ? ` and ${pods.length - NAMED} more` : ""}`;
}
