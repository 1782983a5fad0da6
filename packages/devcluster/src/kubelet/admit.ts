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
  /** The pod that holds each port of the node. */
  readonly #ports = new Map<string, string>();

  constructor(allocatable: () => Readonly<Record<string, unknown>>) {
    this.#allocatable = () => amounts(allocatable());
  }

  /** Grants a pod what it asks for, or says what is lacking. */
  admit(pod: Pod): Refusal | undefined {
    const ports = hostPortsOf(pod);
    if (ports.some((port) => this.#ports.has(port)))
      return {
        reason: "NodePorts",
        message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
      };
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
    for (const port of ports) this.#ports.set(port, pod.metadata.uid);
    for (const [resource, value] of Object.entries(requests)) this.#used[resource] = (this.#used[resource] ?? 0) + value;
    return undefined;
  }
  release(uid: string): void {
    const granted = this.#granted.get(uid);
    if (!granted) return;
    this.#granted.delete(uid);
    for (const [port, holder] of this.#ports) if (holder === uid) this.#ports.delete(port);
    for (const [resource, value] of Object.entries(granted)) this.#used[resource] = (this.#used[resource] ?? 0) - value;
  }
}

function hostPortsOf({ spec }: Pod): string[] {
  return [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ ports = [] }) =>
    ports.filter(({ hostPort }) => hostPort).map(({ hostPort, hostIP = "", protocol = "TCP" }) => `${hostIP} ${protocol}/${hostPort}`),
  );
}
