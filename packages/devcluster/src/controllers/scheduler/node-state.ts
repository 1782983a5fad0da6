import { type Amounts, amounts, podRequests } from "@outrigger/machinery/kinds";
import type { Node, Pod } from "../../objects/index.ts";
import { hasEnded } from "../pods/index.ts";

/** What runs on one node, kept up as pods come and go, so that no decision walks through all pods. */
class NodeUse {
  readonly pods = new Map<string, { readonly pod: Pod; readonly requests: Amounts }>();
  readonly #used: Record<string, number> = {};

  used(resource: string): number {
    return resource === "pods" ? this.pods.size : (this.#used[resource] ?? 0);
  }
  add(pod: Pod): void {
    this.remove(pod.metadata.uid);
    const requests = podRequests(pod.spec);
    this.pods.set(pod.metadata.uid, { pod, requests });
    for (const [resource, value] of Object.entries(requests)) this.#used[resource] = (this.#used[resource] ?? 0) + value;
  }
  remove(uid: string): void {
    const known = this.pods.get(uid);
    if (!known) return;
    this.pods.delete(uid);
    for (const [resource, value] of Object.entries(known.requests)) this.#used[resource] = (this.#used[resource] ?? 0) - value;
  }
}

/** All nodes, and which pods hold what of them; a pod that was just bound counts before the cache shows it. */
export class ClusterState {
  readonly #nodes = new Map<string, { readonly node: Node; readonly allocatable: Amounts }>();
  readonly #uses = new Map<string, NodeUse>();
  /** Node of each pod that counts. */
  readonly #places = new Map<string, string>();

  setNode(node: Node): void {
    this.#nodes.set(node.metadata.name, { node, allocatable: amounts(node.status?.allocatable ?? node.status?.capacity) });
  }
  removeNode(name: string): void {
    this.#nodes.delete(name);
  }
  /** Takes a pod's present state in: on a node, ended or gone. */
  setPod(pod: Pod): void {
    const { uid } = pod.metadata;
    const node = pod.spec.nodeName;
    if (!node || hasEnded(pod)) {
      // A binding that the cache does not show yet stays counted.
      if (hasEnded(pod)) this.removePod(uid);
      return;
    }
    this.place(pod, node);
  }
  place(pod: Pod, node: string): void {
    const { uid } = pod.metadata;
    const before = this.#places.get(uid);
    if (before !== undefined && before !== node) this.#uses.get(before)?.remove(uid);
    // Requests of a placed pod hardly ever change; its labels do.
    this.#places.set(uid, node);
    this.use(node).add(pod);
  }
  removePod(uid: string): void {
    const node = this.#places.get(uid);
    if (node === undefined) return;
    this.#places.delete(uid);
    this.#uses.get(node)?.remove(uid);
  }
  get nodes(): Iterable<{ readonly node: Node; readonly allocatable: Amounts }> {
    return this.#nodes.values();
  }
  get size(): number {
    return this.#nodes.size;
  }
  use(node: string): NodeUse {
    let use = this.#uses.get(node);
    if (!use) {
      use = new NodeUse();
      this.#uses.set(node, use);
    }
    return use;
  }
}
