import type { KubeObject, ObjectKey, OwnerReference, Resource } from "@outrigger/kit/api";
import { type Client, ConflictError, NotFoundError } from "@outrigger/kit/client";
import type { GraphNode, Identity, OwnerGraph } from "./graph.ts";
import type { KnownKinds } from "./kinds.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/** An owner's kind that the server does not know: its objects may come back, so nothing is decided. */
export class UnknownKindError extends Error {
  override readonly name = "UnknownKindError";
  readonly code = "ERR_UNKNOWN_KIND";
}

/**
 * Decides about one object at a time (`garbagecollector.attemptToDeleteItem`). Every decision is made on what the API
 * server says at that moment; the graph only says where to look.
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
    await Promise.all(
      Array.from(node.dependents, async ({ identity: dependent }) => {
        const its = this.#resource(dependent);
        const live = await this.#find(its, dependent, signal);
        if (live?.metadata.uid === dependent.uid) await this.#letGo(its, live, [{ uid: identity.uid } as OwnerReference], signal);
      }),
    );
    const live = await this.#find(resource, identity, signal);
    if (live?.metadata.uid === identity.uid) await this.#removeFinalizer(resource, live, ORPHAN, signal);
  }

  async #finishForeground(node: GraphNode, resource: Resource, live: KubeObject, signal: AbortSignal): Promise<void> {
    const { uid } = node.identity;
    const blocking = [...node.dependents].filter(({ owners }) => owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion));
    if (blocking.length === 0) return this.#removeFinalizer(resource, live, FOREGROUND, signal);
    for (const dependent of blocking) if (!dependent.foreground) this.#judgeAgain(dependent);
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

export function isStale(error: unknown): boolean {
  return error instanceof ConflictError;
}
function keyOf({ metadata }: KubeObject): ObjectKey {
  return metadata.namespace === undefined ? { name: metadata.name! } : { namespace: metadata.namespace, name: metadata.name! };
}
