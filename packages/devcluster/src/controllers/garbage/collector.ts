import type { KubeObject, ObjectKey, OwnerReference, Resource } from "@outrigger/kit/api";
import { type Client, ConflictError, NotFoundError } from "@outrigger/kit/client";
import { dependentsOf, names } from "./dependents.ts";
import type { GraphNode, Identity, OwnerGraph } from "./graph.ts";
import type { KnownKinds } from "./kinds.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/** An owner's kind that the server does not know: its objects may come back, so nothing is decided. */
export class UnknownKindError extends Error {
  override readonly name = "UnknownKindError";
  readonly code = "ERR_UNKNOWN_KIND";
}

/** The server has dependents that the graph lacks. */
class UnseenDependentError extends Error {
  override readonly name = "UnseenDependentError";
  readonly code = "ERR_UNSEEN_DEPENDENT";
}

/**
 * Decides about one object at a time (`garbagecollector.attemptToDeleteItem`). Every decision is made on what the API
 * server says at that moment; the graph only says where to look. An owner that leaves or awaits its dependents goes once the
 * server, too, has none left: what the graph has not seen is listed.
 */
export class Collector {
  readonly #client: Client;
  readonly #graph: OwnerGraph;
  readonly #kinds: KnownKinds;
  readonly #judgeAgain: (node: GraphNode) => void;

  constructor(client: Client, graph: OwnerGraph, kinds: KnownKinds, judgeAgain: (node: GraphNode) => void) {
    this.#client = client;
    this.#graph = graph;
    this.#kinds = kinds;
    this.#judgeAgain = judgeAgain;
  }

  /** Deletes an object whose owners are all gone; lets go of owners that are; finishes a deletion in the foreground. */
  async judge(node: GraphNode, signal: AbortSignal): Promise<void> {
    if (this.#graph.get(node.identity.uid) !== node) return;
    if (node.deleting && !node.foreground) return;
    const { identity } = node;
    const resource = this.#resource(identity);
    const live = await this.#find(resource, identity, signal);
    if (live?.metadata.uid !== identity.uid) {
      this.#graph.delete(identity.uid);
      return;
    }
    if (node.virtual) {
      this.#graph.set(live);
      return;
    }
    if (node.foreground) return this.#finishForeground(node, resource, live, signal);
    const owners = (live.metadata.ownerReferences ?? []) as readonly OwnerReference[];
    if (owners.length === 0) return;
    const { solid, dangling, waiting } = await this.#classify(live, owners, signal);
    if (solid.length > 0) {
      if (dangling.length + waiting.length > 0) await this.#letGo(resource, live, [...dangling, ...waiting], signal);
      return;
    }
    if (waiting.length > 0 && node.dependents.size > 0) {
      // Two that wait for each other would wait forever.
      if ([...node.dependents].some(({ foreground }) => foreground)) await this.#unblock(resource, live, signal);
      return this.#delete(resource, live, "Foreground", signal);
    }
    const { finalizers = [] } = live.metadata;
    const policy = finalizers.includes(ORPHAN) ? "Orphan" : finalizers.includes(FOREGROUND) ? "Foreground" : "Background";
    return this.#delete(resource, live, policy, signal);
  }

  /** Takes the owner's reference from each dependent, then the finalizer from the owner. */
  async orphan(node: GraphNode, signal: AbortSignal): Promise<void> {
    const { identity } = node;
    const resource = this.#resource(identity);
    const found = await dependentsOf(this.#client, this.#kinds, identity, signal);
    const seen = new Set(found.map(({ object }) => object.metadata.uid));
    const letGo = (its: Resource, live: KubeObject): Promise<void> =>
      this.#letGo(its, live, [{ uid: identity.uid } as OwnerReference], signal);
    await Promise.all([
      ...found.map(({ resource: its, object }) => letGo(its, object)),
      ...Array.from(node.dependents, async ({ identity: dependent }) => {
        if (seen.has(dependent.uid)) return;
        const its = this.#resource(dependent);
        const live = await this.#find(its, dependent, signal);
        if (live?.metadata.uid === dependent.uid && names(live, identity.uid)) await letGo(its, live);
      }),
    ]);
    const live = await this.#find(resource, identity, signal);
    if (live?.metadata.uid === identity.uid) await this.#removeFinalizer(resource, live, ORPHAN, signal);
  }

  async #finishForeground(node: GraphNode, resource: Resource, live: KubeObject, signal: AbortSignal): Promise<void> {
    const { uid } = node.identity;
    const blocking = [...node.dependents].filter(({ owners }) => blocks(owners, uid));
    for (const dependent of blocking) if (!dependent.foreground) this.#judgeAgain(dependent);
    if (blocking.length > 0) return;
    const found = await dependentsOf(this.#client, this.#kinds, node.identity, signal);
    const unseen = found.filter(({ object }) => blocks((object.metadata.ownerReferences ?? []) as readonly OwnerReference[], uid));
    if (unseen.length === 0) return this.#removeFinalizer(resource, live, FOREGROUND, signal);
    // To be new in the graph leads to a judgement. What the graph knows has events of its own, and one that goes already may be
    // gone there, and would stay in it for ever.
    for (const { object } of unseen)
      if (object.metadata.deletionTimestamp === undefined && !this.#graph.get(object.metadata.uid!)) this.#graph.set(object);
    throw new UnseenDependentError(`${node.identity.kind} ${node.identity.name} has dependents that no watch told of yet`);
  }

  async #classify(live: KubeObject, owners: readonly OwnerReference[], signal: AbortSignal) {
    const solid: OwnerReference[] = [];
    const dangling: OwnerReference[] = [];
    const waiting: OwnerReference[] = [];
    for (const owner of owners) {
      const known = this.#graph.get(owner.uid);
      if (known && !known.virtual && !known.deleting) {
        solid.push(owner);
        continue;
      }
      const resource = this.#resource(owner);
      const namespace = resource.scope === "Namespaced" ? live.metadata.namespace : undefined;
      const found =
        resource.scope === "Namespaced" && namespace === undefined
          ? undefined
          : await this.#find(resource, { ...owner, namespace }, signal);
      if (found?.metadata.uid !== owner.uid) dangling.push(owner);
      else if (found.metadata.deletionTimestamp !== undefined && found.metadata.finalizers?.includes(FOREGROUND)) waiting.push(owner);
      else solid.push(owner);
    }
    return { solid, dangling, waiting };
  }

  async #delete(
    resource: Resource,
    live: KubeObject,
    propagationPolicy: "Background" | "Foreground" | "Orphan",
    signal: AbortSignal,
  ): Promise<void> {
    const { uid, resourceVersion } = live.metadata as { uid: string; resourceVersion: string };
    try {
      await this.#client.delete(resource, keyOf(live), { propagationPolicy, preconditions: { uid, resourceVersion }, signal });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
  async #letGo(resource: Resource, live: KubeObject, owners: readonly OwnerReference[], signal: AbortSignal): Promise<void> {
    const gone = new Set(owners.map(({ uid }) => uid));
    const ownerReferences = (live.metadata.ownerReferences ?? []).filter(({ uid }) => !gone.has(uid));
    await this.#patch(resource, live, { ownerReferences }, signal);
  }
  async #unblock(resource: Resource, live: KubeObject, signal: AbortSignal): Promise<void> {
    const ownerReferences = (live.metadata.ownerReferences ?? []).map((owner) => ({ ...owner, blockOwnerDeletion: false }));
    await this.#patch(resource, live, { ownerReferences }, signal);
  }
  async #removeFinalizer(resource: Resource, live: KubeObject, finalizer: string, signal: AbortSignal): Promise<void> {
    await this.#patch(resource, live, { finalizers: (live.metadata.finalizers ?? []).filter((one) => one !== finalizer) }, signal);
  }
  async #patch(resource: Resource, { metadata, ...rest }: KubeObject, change: object, signal: AbortSignal): Promise<void> {
    const { uid, resourceVersion } = metadata;
    try {
      await this.#client.patch(
        resource,
        keyOf({ metadata, ...rest } as KubeObject),
        { type: "merge", patch: { metadata: { uid, resourceVersion, ...change } } },
        { signal },
      );
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }

  #resource({ apiVersion, kind }: Pick<Identity, "apiVersion" | "kind">): Resource {
    const resource = this.#kinds.of({ apiVersion, kind });
    if (!resource)
      throw new UnknownKindError(
        `the server has no ${kind} in ${apiVersion}; its dependents stay until it has, or until they are deleted by hand`,
      );
    return resource;
  }
  async #find(
    resource: Resource,
    { namespace, name }: Pick<Identity, "namespace" | "name">,
    signal: AbortSignal,
  ): Promise<KubeObject | undefined> {
    const key = resource.scope === "Namespaced" && namespace !== undefined ? { namespace, name } : { name };
    return (await this.#client.find(resource, key, { signal })) as KubeObject | undefined;
  }
}

/** Whether an owner, in the foreground, waits for an object with these owners. */
function blocks(owners: readonly OwnerReference[], owner: string): boolean {
  return owners.some(({ uid, blockOwnerDeletion }) => uid === owner && blockOwnerDeletion === true);
}
/** The decision was made on what is no more so: try again. */
export function isStale(error: unknown): boolean {
  return error instanceof ConflictError || error instanceof UnseenDependentError;
}
function keyOf({ metadata }: KubeObject): ObjectKey {
  return metadata.namespace === undefined ? { name: metadata.name! } : { namespace: metadata.namespace, name: metadata.name! };
}
