import type { Node, Pod, Service } from "../../objects/index.ts";
import { hasEnded, isReady } from "../pods/index.ts";

export interface Port {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
}
/** One pod as a Service's backend. */
export interface Backend {
  readonly pod: Pod;
  readonly ip: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly ports: readonly Port[];
  readonly hostname: string | undefined;
  readonly zone: string | undefined;
}

export const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === "None";

/** The pods that a Service selects and that have an address, by address. A pod that lacks a named port does without it. */
export function backendsOf(service: Service, pods: readonly Pod[], node: (name: string) => Node | undefined): readonly Backend[] {
  return pods
    .filter((pod) => pod.status?.podIP && !hasEnded(pod))
    .map((pod) => ({
      pod,
      ip: pod.status!.podIP!,
      ready: isReady(pod),
      terminating: pod.metadata.deletionTimestamp !== undefined,
      ports: portsOf(service, pod),
      hostname: pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined,
      zone: node(pod.spec.nodeName ?? "")?.metadata.labels?.["topology.kubernetes.io/zone"],
    }))
    .sort((a, b) => order(a.ip, b.ip) || order(a.pod.metadata.uid, b.pod.metadata.uid));
}
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function portsOf({ spec }: Service, pod: Pod): readonly Port[] {
  return (spec.ports ?? []).flatMap(({ name = "", port, targetPort = port, protocol = "TCP", appProtocol }) => {
    const number = typeof targetPort === "number" ? targetPort : namedPort(pod, targetPort, protocol);
    return number === undefined ? [] : [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}
function namedPort({ spec }: Pod, name: string, protocol: string): number | undefined {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  for (const { ports = [] } of [...spec.containers, ...sidecars]) {
    const found = ports.find((port) => port.name === name && (port.protocol ?? "TCP") === protocol);
    if (found) return found.containerPort;
  }
  return undefined;
}

/** What an address points to. */
export function targetRef({ metadata }: Pod): object {
  return { kind: "Pod", name: metadata.name, namespace: metadata.namespace, uid: metadata.uid };
}
/** Backends in groups of equal ports. */
export function byPorts(backends: readonly Backend[]): ReadonlyMap<string, readonly Backend[]> {
  return Map.groupBy(backends, ({ ports }) => JSON.stringify(ports));
}
