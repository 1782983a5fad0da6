import type { Observed } from "@outrigger/kit/api";
import { ConflictError, NotFoundError } from "@outrigger/kit/client";
import { type Context, type Controller, controller, type Result, requeue } from "@outrigger/kit/controller";
import { Node, Pod } from "@outrigger/kit/kinds";
import { decideNode, type NodeDecision } from "./decide.ts";
import { type NodeDemands, type NodePod, totalOf } from "./demand.ts";
import { evict, podsOn, podsToEvict, setCordon } from "./drain.ts";
import type { OvercommitMetrics } from "./metrics.ts";
import { heldMessage, nodeState, overcommittedMessage } from "./node-state.ts";
import { type OvercommitRecord, RECORD_ANNOTATION, readRecord } from "./record.ts";
import { NodeOvercommit, type NodeOvercommitObject } from "./resource.ts";
import { Policies, type Target } from "./target.ts";
import type { OvercommitNode } from "./write.ts";

/** What overcommit keeps in memory, for all its controllers and webhooks of one manager. */
export interface OvercommitMemory {
  readonly demands: NodeDemands;
  readonly metrics: OvercommitMetrics;
}

type NodeContext = Context<typeof Node, typeof Pod | typeof NodeOvercommit>;
type NodeObject = Observed<typeof Node>;

/** Nodes that are worked on at one time; a reconcile is one request, and the removal of a policy is to be seen at once. */
const WORKERS = 8;
/** How soon an eviction that a budget forbids is asked for again. */
const EVICT_AGAIN = "5s";

/** Keeps each node's allocatable as the policies say; see the folder's contract. */
export function nodeController({ demands, metrics }: OvercommitMemory): Controller {
  const memory = new NodeMemory();
  return controller(Node, { name: "nodeovercommit-nodes", workers: WORKERS, predicate: nodeMatters as never, verbs: ["patch"] })
    .watches(Pod, (pod) => (memory.isKnown(pod.spec.nodeName) ? [{ name: pod.spec.nodeName ?? "" }] : []), {
      predicate: (now, before) => demands.follow(now as never, before as never),
    })
    .watches(NodeOvercommit, () => memory.all(), { predicate: policyMatters as never })
    .permissions(
      { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
      { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
    )
    .reconcile(async (node, ctx): Promise<Result> => {
      memory.seen(node.metadata.name);
      try {
        return await new NodeRun(node as NodeObject, ctx as NodeContext, { demands, metrics, memory }).reconcile();
      } catch (error) {
        // Somebody wrote the node meanwhile: the event of that brings it here again.
        if (error instanceof ConflictError) return requeue.after(100);
        if (error instanceof NotFoundError) {
          memory.gone(node.metadata.name);
          return undefined;
        }
        throw error;
      }
    }) as unknown as Controller;
}

class NodeRun {
  /** The node with what is remembered of it. */
  readonly #node: NodeObject & OvercommitNode;
  /** The record as it is stored. */
  readonly #stored: string | undefined;
  readonly #ctx: NodeContext;
  readonly #parts: OvercommitMemory & { readonly memory: NodeMemory };

  constructor(node: NodeObject, ctx: NodeContext, parts: OvercommitMemory & { readonly memory: NodeMemory }) {
    this.#node = parts.memory.remembered(node) as NodeObject & OvercommitNode;
    this.#stored = node.metadata.annotations?.[RECORD_ANNOTATION];
    this.#ctx = ctx;
    this.#parts = parts;
  }

  async reconcile(): Promise<Result> {
    const node = this.#node;
    const policies = this.#ctx.list(NodeOvercommit) as readonly NodeOvercommitObject[];
    const target = new Policies(policies).target(node.metadata);
    const record = readRecord(node.metadata.annotations);
    if (!target && !record) {
      await setCordon(this.#ctx.client, node as never, false);
      return undefined;
    }
    const name = target?.policy ?? record?.policy;
    const { drain = false, force = false } = policies.find(({ metadata }) => metadata.name === name)?.spec ?? {};
    let pods = this.#parts.demands.pods(node.metadata.name);
    let decision = decideNode(node, target, { requested: totalOf(pods), force });
    if (decision.lowered.length > 0 || (drain && decision.held.length > 0)) {
      // The cache may not show a pod that was bound a moment ago.
      pods = await podsOn(this.#ctx.client, node.metadata.name, this.#ctx.signal);
      decision = decideNode(node, target, { requested: totalOf(pods), force });
    }
    this.#tell(target, decision, pods);
    const text = node.metadata.annotations?.[RECORD_ANNOTATION];
    // A record that somebody took away is written again, also where nothing else is to change.
    if (!decision.write && text !== this.#stored) decision = { ...decision, write: { allocatable: {}, record: text ?? null } };
    if (decision.write) await this.#write(decision, record);
    if (drain && decision.held.length > 0) return await this.#drain(decision, pods);
    if (!decision.write) await setCordon(this.#ctx.client, node as never, false);
    return undefined;
  }

  async #write({ write, lowered }: NodeDecision, before: OvercommitRecord | undefined): Promise<void> {
    const { allocatable, record } = write!;
    const { name, resourceVersion } = this.#node.metadata;
    const patch = {
      metadata: { resourceVersion, annotations: { [RECORD_ANNOTATION]: record } },
      status: { allocatable },
    };
    await this.#ctx.client.patch(Node, { name }, { type: "merge", patch }, { subresource: "status" });
    this.#parts.metrics.wrote(record === null ? "restored" : lowered.length > 0 ? "lowered" : before ? "repaired" : "amplified");
  }

  async #drain({ held }: NodeDecision, pods: readonly NodePod[]): Promise<Result> {
    if (await setCordon(this.#ctx.client, this.#node as never, true)) {
      this.#ctx.event(
        "Draining",
        `cordoned, to evict pods before a ratio is lowered: ${held.map((one) => heldMessage(one, pods)).join("; ")}`,
      );
    }
    for (const pod of podsToEvict(pods, held)) {
      const refusal = await evict(this.#ctx.client, pod, this.#ctx.signal);
      this.#parts.metrics.evicted(refusal === undefined ? "evicted" : "refused");
      if (refusal !== undefined) this.#ctx.event("EvictionRefused", refusal, { type: "Warning" });
    }
    return requeue.after(EVICT_AGAIN);
  }

  /** Tells once that pods depend on the amplification, and once that they hold up a ratio that is to go down. */
  #tell(target: Target | undefined, { held, unclear }: NodeDecision, pods: readonly NodePod[]): void {
    const { overcommitted } = nodeState(this.#node, target, pods);
    const { memory } = this.#parts;
    for (const resource of memory.news(this.#node.metadata.uid, "overcommitted", overcommitted))
      this.#ctx.event("Overcommitted", overcommittedMessage(this.#node, resource as never, pods), { type: "Warning" });
    const isHeld = held.map(({ resource }) => resource);
    for (const resource of memory.news(this.#node.metadata.uid, "held", isHeld))
      this.#ctx.event("LoweringHeld", heldMessage(held.find((one) => one.resource === resource)!, pods), { type: "Warning" });
    for (const resource of memory.news(this.#node.metadata.uid, "unclear", unclear))
      this.#ctx.event("NotAmplified", `allocatable ${resource} exceeds the node's capacity: somebody else amplifies it`, {
        type: "Warning",
      });
  }
}

/** What the controller remembers of nodes; all of it can be lost. */
class NodeMemory {
  readonly #names = new Set<string>();
  readonly #records = new Map<string, string>();
  readonly #told = new Map<string, readonly string[]>();

  seen(name: string): void {
    this.#names.add(name);
  }
  gone(name: string): void {
    this.#names.delete(name);
  }
  isKnown(name: string | undefined): boolean {
    return name !== undefined && this.#names.has(name);
  }
  all(): { readonly name: string }[] {
    return [...this.#names].map((name) => ({ name }));
  }

  /** The node with its record, also where somebody took that away while the value that it tells of is stored: it would be amplified twice. */
  remembered(node: NodeObject): NodeObject {
    const { annotations = {}, uid } = node.metadata;
    const text = annotations[RECORD_ANNOTATION];
    if (text !== undefined) {
      this.#records.set(uid, text);
      return node;
    }
    const before = this.#records.get(uid);
    if (before === undefined) return node;
    const record = readRecord({ [RECORD_ANNOTATION]: before });
    const { allocatable = {} } = node.status ?? {};
    const { cpu, memory } = allocatable as Record<string, string>;
    if ((record?.cpu && record.cpu.set === cpu) || (record?.memory && record.memory.set === memory))
      return { ...node, metadata: { ...node.metadata, annotations: { ...annotations, [RECORD_ANNOTATION]: before } } };
    this.#records.delete(uid);
    return node;
  }

  /** Of these, what was not told of the node before. */
  news(uid: string, about: string, now: readonly string[]): string[] {
    const key = `${uid}/${about}`;
    const before = this.#told.get(key) ?? [];
    this.#told.set(key, now);
    return now.filter((one) => !before.includes(one));
  }
}

/** Heartbeats change nothing that matters here. */
function nodeMatters(now: NodeObject | undefined, before: NodeObject | undefined): boolean {
  if (!now || !before) return now !== undefined;
  return digest(now) !== digest(before);
}

function digest({ metadata, spec, status }: NodeObject): string {
  const pressed = status?.conditions?.find(({ type }) => type === "MemoryPressure")?.status;
  return JSON.stringify([metadata.labels, metadata.annotations, spec?.unschedulable, status?.allocatable, status?.capacity, pressed]);
}

/** Our own writes of a policy's status change no node. */
function policyMatters(now: NodeOvercommitObject | undefined, before: NodeOvercommitObject | undefined): boolean {
  if (!now || !before) return true;
  return now.metadata.generation !== before.metadata.generation || now.metadata.deletionTimestamp !== before.metadata.deletionTimestamp;
}
