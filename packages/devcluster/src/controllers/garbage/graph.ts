import type { KubeObject, OwnerReference } from "@outrigger/kit/api";

/** Where an object is, and which one it is. */
export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
}

/** One object as the collector knows it: who owns it and who depends on it. */
export interface GraphNode {
  identity: Identity;
  owners: readonly OwnerReference[];
  readonly dependents: Set<GraphNode>;
  /** Named as an owner, but not seen yet: it may not exist. */
  virtual: boolean;
  /** It is being deleted. */
  deleting: boolean;
  /** It waits for its dependents to go first. */
  foreground: boolean;
  /** It is to be deleted, its dependents to be kept. */
  orphaning: boolean;
}

/** What a change of the graph asks for: nodes to judge, and owners whose dependents are to be let go. */
export interface Work {
  judge(node: GraphNode): void;
  orphan(node: GraphNode): void;
}

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/**
 * Objects and their owners, by uid (`garbagecollector.GraphBuilder`).
 *
 * Guarantees: each change of an object leads to the work that it calls for, whatever the order in which objects and their
 * owners are seen.
 */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #work: Work;

  constructor(work: Work) {
    this.#work = work;
  }

  get size(): number {
    return this.#nodes.size;
  }
  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  /** An object is there, or changed. */
  set(object: Pick<KubeObject, "apiVersion" | "kind" | "metadata">): void {
    const { metadata } = object;
    const uid = metadata.uid!;
    const owners = (metadata.ownerReferences ?? []) as readonly OwnerReference[];
    const deleting = metadata.deletionTimestamp !== undefined;
    const foreground = deleting && (metadata.finalizers?.includes(FOREGROUND) ?? false);
    const orphaning = deleting && (metadata.finalizers?.includes(ORPHAN) ?? false);
    let node = this.#nodes.get(uid);
    // Most objects have no owner and never own anything: nothing is kept of them beyond this.
    if (!node) {
      node = {
        identity: identityOf(object),
        owners: [],
        dependents: new Set(),
        virtual: false,
        deleting,
        foreground: false,
        orphaning: false,
      };
      this.#nodes.set(uid, node);
    } else if (node.virtual) {
      node.virtual = false;
      node.identity = identityOf(object);
    }
    this.#relink(node, owners);
    node.deleting = deleting;
    if (orphaning && !node.orphaning) this.#work.orphan(node);
    node.orphaning = orphaning;
    if (foreground && !node.foreground) {
      node.foreground = true;
      for (const dependent of node.dependents) this.#work.judge(dependent);
      this.#work.judge(node);
    }
    node.foreground = foreground;
  }

  /** An object is gone. Also for one that was only named and turned out not to exist. */
  delete(uid: string): void {
    const node = this.#nodes.get(uid);
    if (!node) return;
    this.#nodes.delete(uid);
    for (const { uid: owner } of node.owners) {
      const ownerNode = this.#nodes.get(owner);
      if (!ownerNode) continue;
      ownerNode.dependents.delete(node);
      if (ownerNode.foreground) this.#work.judge(ownerNode);
      if (ownerNode.virtual && ownerNode.dependents.size === 0) this.#nodes.delete(owner);
    }
    for (const dependent of node.dependents) this.#work.judge(dependent);
  }

  #relink(node: GraphNode, owners: readonly OwnerReference[]): void {
    const before = node.owners;
    node.owners = owners;
    for (const { uid } of before) {
      if (owners.some((owner) => owner.uid === uid)) continue;
      const owner = this.#nodes.get(uid);
      owner?.dependents.delete(node);
      if (owner?.foreground) this.#work.judge(owner);
    }
    for (const reference of owners) {
      const known = before.find(({ uid }) => uid === reference.uid);
      const owner = this.#nodes.get(reference.uid) ?? this.#virtual(reference, node);
      owner.dependents.add(node);
      // An owner in the foreground may wait for this one no longer.
      if (known?.blockOwnerDeletion && !reference.blockOwnerDeletion && owner.foreground) this.#work.judge(owner);
      if (!known && owner.foreground) this.#work.judge(node);
    }
  }
  #virtual({ apiVersion, kind, name, uid }: OwnerReference, dependent: GraphNode): GraphNode {
    const identity = { apiVersion, kind, name, uid, namespace: dependent.identity.namespace };
    const node: GraphNode = {
      identity,
      owners: [],
      dependents: new Set(),
      virtual: true,
      deleting: false,
      foreground: false,
      orphaning: false,
    };
    this.#nodes.set(uid, node);
    this.#work.judge(node);
    return node;
  }
}

function identityOf({ apiVersion, kind, metadata }: Pick<KubeObject, "apiVersion" | "kind" | "metadata">): Identity {
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name!, uid: metadata.uid! };
}
