import { isDeepStrictEqual } from "node:util";
import type { Observed } from "@outrigger/kit/api";
import { ConflictError, NotFoundError } from "@outrigger/kit/client";
import { type Condition, type Context, type Controller, controller, type Result, requeue, setCondition } from "@outrigger/kit/controller";
import { Node, Pod } from "@outrigger/kit/kinds";
import type { OvercommitMemory } from "./node-controller.ts";
import { type NodeState, nodeState, pressure } from "./node-state.ts";
import { readRecord } from "./record.ts";
import { NodeOvercommit, type NodeOvercommitObject, type NodeOvercommitStatus } from "./resource.ts";
import { Policies } from "./target.ts";
import type { OvercommitNode } from "./write.ts";

type PolicyContext = Context<typeof NodeOvercommit, typeof Node | typeof Pod>;

const FINALIZER = "outrigger.dev/nodeovercommit";
/** Nodes that a status lists; it is to stay far below what an object may hold. */
const LISTED = 100;
/** Pods come and go all the time; so often at most their sums are written. */
const STATUS_EVERY_MS = 1000;
const ORDER = ["Held", "Draining", "Pending", "AtRatio"];

/** Keeps the status of policies, and each policy itself until no node depends on it. */
export function policyController({ demands, metrics }: OvercommitMemory): Controller {
  const names = new Set<string>();
  const written = new Map<string, number>();
  const follow = (now: NodeOvercommitObject | undefined, before: NodeOvercommitObject | undefined): boolean => {
    if (now) names.add(now.metadata.name);
    else if (before) {
      names.delete(before.metadata.name);
      written.delete(before.metadata.name);
      metrics.policy(before.metadata.name, undefined);
    }
    return true;
  };
  const all = (): { readonly name: string }[] => [...names].map((name) => ({ name }));
  return controller(NodeOvercommit, { name: "nodeovercommit", predicate: follow, finalizer: FINALIZER, verbs: ["patch"] })
    .watches(Node, all, { predicate: nodeMatters as never })
    .watches(Pod, all, { predicate: (now, before) => demands.follow(now as never, before as never) })
    .reconcile(async (policy, ctx): Promise<Result> => {
      const { name } = policy.metadata;
      try {
        if (await keepFinalizer(policy as NodeOvercommitObject, ctx as PolicyContext)) return undefined;
        const wait = STATUS_EVERY_MS - (performance.now() - (written.get(name) ?? Number.NEGATIVE_INFINITY));
        if (wait > 0) return requeue.after(wait);
        const states = statesOf(policy as NodeOvercommitObject, ctx as PolicyContext, demands);
        metrics.policy(name, {
          total: states.length,
          held: states.filter(({ state }) => state === "Held" || state === "Draining").length,
          overcommitted: states.filter(({ overcommitted }) => overcommitted.length > 0).length,
        });
        const next = policyStatus(policy as NodeOvercommitObject, states, new Date());
        if (isDeepStrictEqual(next, policy.status)) return undefined;
        written.set(name, performance.now());
        await ctx.status(next);
        return undefined;
      } catch (error) {
        if (error instanceof ConflictError) return requeue.after(100);
        if (error instanceof NotFoundError) return undefined;
        throw error;
      }
    }) as unknown as Controller;
}

/** Adds the finalizer, or takes it away once no node is left that offers more because of the policy. @returns whether it did. */
async function keepFinalizer(policy: NodeOvercommitObject, ctx: PolicyContext): Promise<boolean> {
  const { name, resourceVersion, uid, finalizers = [], deletionTimestamp } = policy.metadata;
  const has = finalizers.includes(FINALIZER);
  const isHeld = (): boolean => ctx.list(Node).some(({ metadata }) => readRecord(metadata.annotations)?.policy === name);
  if (deletionTimestamp === undefined ? has : !has || isHeld()) return false;
  const next = has ? finalizers.filter((one) => one !== FINALIZER) : [...finalizers, FINALIZER];
  await ctx.patch(NodeOvercommit, { name }, { type: "merge", patch: { metadata: { uid, resourceVersion, finalizers: next } } });
  return true;
}

type StateOfNode = NodeState & { readonly pressed: boolean };

function statesOf(policy: NodeOvercommitObject, ctx: PolicyContext, demands: OvercommitMemory["demands"]): StateOfNode[] {
  const policies = new Policies(ctx.list(NodeOvercommit) as readonly NodeOvercommitObject[]);
  const { name } = policy.metadata;
  return (ctx.list(Node) as readonly Observed<typeof Node>[]).flatMap((node) => {
    const target = policies.target(node.metadata);
    if ((target?.policy ?? readRecord(node.metadata.annotations)?.policy) !== name) return [];
    const asRead = node as unknown as OvercommitNode;
    const state = nodeState(asRead, target, demands.pods(node.metadata.name), policy.spec.force);
    return [{ ...state, pressed: pressure(asRead).length > 0 }];
  });
}

/** The status of a policy whose nodes are in these states. */
export function policyStatus(policy: NodeOvercommitObject, states: readonly StateOfNode[], now: Date): NodeOvercommitStatus {
  const { generation = 0, deletionTimestamp } = policy.metadata;
  const sorted = [...states].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.name < b.name ? -1 : 1));
  const away = sorted.filter(({ state }) => state !== "AtRatio");
  const above = sorted.filter(({ overcommitted }) => overcommitted.length > 0);
  const pressed = sorted.filter((state) => state.pressed);
  const [first] = away;
  let conditions = policy.status?.conditions as readonly Condition[] | undefined;
  const condition = (type: string, is: boolean, reason: string, message: string): void => {
    conditions = setCondition(conditions, { type, status: is ? "True" : "False", reason, message, observedGeneration: generation }, now);
  };
  const ready = away.length === 0 && deletionTimestamp === undefined;
  const why = first
    ? `${away.length} of ${states.length} nodes: ${first.name}${first.message ? `: ${first.message}` : ""}`
    : "every node offers what it should";
  condition("Ready", ready, first?.state ?? (deletionTimestamp === undefined ? "AtRatio" : "Deleting"), why);
  condition(
    "Overcommitted",
    above.length > 0,
    above.length > 0 ? "RequestsExceedTruth" : "RequestsWithinTruth",
    above.length > 0 ? `pods request more than is true of ${names(above)}` : "no node's pods request more than it truly has",
  );
  condition(
    "MemoryPressure",
    pressed.length > 0,
    pressed.length > 0 ? "NodesUnderPressure" : "NoPressure",
    pressed.length > 0 ? `memory is overcommitted and short on ${names(pressed)}` : "no node with overcommitted memory lacks any",
  );
  return {
    observedGeneration: generation,
    nodes: states.length,
    atRatio: states.length - away.length,
    overcommitted: above.length,
    nodeList: sorted.slice(0, LISTED).map(({ overcommitted: _, pressed: __, ...entry }) => entry),
    ...(sorted.length > LISTED ? { nodesNotListed: sorted.length - LISTED } : {}),
    conditions: conditions as NodeOvercommitStatus["conditions"],
  } as NodeOvercommitStatus;
}

function names(states: readonly NodeState[]): string {
  const some = states.slice(0, 5).map(({ name }) => name);
  return `${some.join(", ")}${states.length > 5 ? ` and ${states.length - 5} more` : ""}`;
}

function nodeMatters(now: Observed<typeof Node> | undefined, before: Observed<typeof Node> | undefined): boolean {
  const digest = (node: Observed<typeof Node> | undefined): string =>
    JSON.stringify([
      node?.metadata.labels,
      node?.metadata.annotations,
      node?.status?.allocatable,
      node && pressure(node as unknown as OvercommitNode),
    ]);
  return digest(now) !== digest(before);
}
