import { type Amounts, amounts, podRequests } from "@outrigger/machinery/kinds";
import type { Pod } from "../objects/index.ts";

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/**
 * What the node's pods have been granted of its allocatable resources (`lifecycle.predicateAdmitHandler`). As in Kubernetes,
 * the Node object says what is allocatable, whoever wrote it; the kubelet's own figure counts before that object is seen.
 */
export class Admission {
  readonly #allocatable: () => Amounts;
  readonly #granted = new Map<string, Amounts>();
  readonly #used: Record<string, number> = {};

  constructor(allocatable: () => Readonly<Record<string, unknown>>) {
    this.#allocatable = () => amounts(allocatable());
  }

  /** Grants a pod what it asks for, or says what is lacking. */
  admit(pod: Pod): Refusal | undefined {
    const requests: Amounts = { ...podRequests(pod.spec), pods: 1 };
    const allocatable = this.#allocatable();
    for (const [resource, requested] of Object.entries(requests)) {
      const used = this.#used[resource] ?? 0;
      const capacity = allocatable[resource] ?? 0;
      if (requested === 0 || used + requested <= capacity) continue;
      return {
        reason: `OutOf${resource}`,
        message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
      };
    }
    this.#granted.set(pod.metadata.uid, requests);
    for (const [resource, value] of Object.entries(requests)) this.#used[resource] = (this.#used[resource] ?? 0) + value;
    return undefined;
  }
  release(uid: string): void {
    const granted = this.#granted.get(uid);
    if (!granted) return;
    this.#granted.delete(uid);
    for (const [resource, value] of Object.entries(granted)) this.#used[resource] = (this.#used[resource] ?? 0) - value;
  }
}
