import { labelSelector } from "@outrigger/kit/api";
import { type Amounts, podRequests } from "@outrigger/machinery/kinds";
import type { Node, Pod, PodSpec } from "../../objects/index.ts";
import type { ClusterState } from "./node-state.ts";

type Taint = NonNullable<NonNullable<Node["spec"]>["taints"]>[number];
type NodeTerm = NonNullable<
  NonNullable<NonNullable<PodSpec["affinity"]>["nodeAffinity"]>["requiredDuringSchedulingIgnoredDuringExecution"]
>["nodeSelectorTerms"][number];
type PodTerm = NonNullable<
  NonNullable<NonNullable<PodSpec["affinity"]>["podAffinity"]>["requiredDuringSchedulingIgnoredDuringExecution"]
>[number];

/** Why a node cannot take a pod, in Kubernetes' words; `fixed` where no other pod's leaving would help. */
export interface Misfit {
  readonly reasons: readonly string[];
  readonly fixed: boolean;
}

/** The first thing that keeps a pod off a node; undefined where it fits. Filters in the default profile's order. */
export function misfit(pod: Pod, node: Node, allocatable: Amounts, state: ClusterState): Misfit | undefined {
  const { spec } = pod;
  const unschedulable: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  if (node.spec?.unschedulable && !tolerates(spec, unschedulable)) return fixed("node(s) were unschedulable");
  const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect === "NoSchedule" || effect === "NoExecute");
  if (!taints.every((taint) => tolerates(spec, taint))) return fixed("node(s) had untolerated taint(s)");
  if (!selectsNode(spec, node)) return fixed("node(s) didn't match Pod's node affinity/selector");
  if (portsTaken(spec, node, state)) return { reasons: ["node(s) didn't have free ports for the requested pod ports"], fixed: false };
  const lacking = insufficient(spec, node, allocatable, state);
  // What the node has not even when empty, no pod's leaving brings.
  if (lacking.length > 0)
    return { reasons: lacking, fixed: Object.entries(podRequests(spec)).some(([resource, value]) => value > (allocatable[resource] ?? 0)) };
  return affinityMisfit(pod, node, state);
}
const fixed = (reason: string): Misfit => ({ reasons: [reason], fixed: true });

export function tolerates({ tolerations = [] }: PodSpec, taint: Taint): boolean {
  return tolerations.some(
    ({ key, operator = "Equal", value = "", effect }) =>
      (!effect || effect === taint.effect) &&
      (!key || key === taint.key) &&
      (operator === "Exists" || (operator === "Equal" && value === (taint.value ?? ""))),
  );
}

/** `nodeSelector` and required node affinity. */
export function selectsNode(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  if (!Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}
export function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeTerm, { metadata }: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    labelSelector({ matchExpressions: matchExpressions.filter(({ operator }) => operator !== "Gt" && operator !== "Lt") }).matches(
      metadata.labels,
    ) &&
    matchExpressions.every(({ key, operator, values }) => comparesNumber(operator, metadata.labels?.[key], values?.[0])) &&
    matchFields.every(({ operator, values = [] }) => values.includes(metadata.name) === (operator === "In"))
  );
}
function comparesNumber(operator: string, label: string | undefined, limit: string | undefined): boolean {
  if (operator !== "Gt" && operator !== "Lt") return true;
  const [own, other] = [Number.parseInt(label ?? "", 10), Number.parseInt(limit ?? "", 10)];
  return operator === "Gt" ? own > other : own < other;
}

function portsTaken(spec: PodSpec, node: Node, state: ClusterState): boolean {
  const wanted = hostPorts(spec);
  if (wanted.length === 0) return false;
  for (const { pod } of state.use(node.metadata.name).pods.values())
    if (hostPorts(pod.spec).some((port) => wanted.includes(port))) return true;
  return false;
}
function hostPorts({ containers }: PodSpec): string[] {
  return containers.flatMap(({ ports = [] }) =>
    ports.filter(({ hostPort }) => hostPort).map(({ hostPort, protocol = "TCP" }) => `${protocol}/${hostPort}`),
  );
}

function insufficient(spec: PodSpec, node: Node, allocatable: Amounts, state: ClusterState): string[] {
  const use = state.use(node.metadata.name);
  const reasons: string[] = [];
  if (use.used("pods") + 1 > (allocatable["pods"] ?? 0)) reasons.push("Too many pods");
  for (const [resource, value] of Object.entries(podRequests(spec))) {
    if (value > 0 && use.used(resource) + value > (allocatable[resource] ?? 0)) reasons.push(`Insufficient ${resource}`);
  }
  return reasons;
}

/** Required affinity to, and anti-affinity against, pods in the node's topology domain; and of those pods against this one. */
function affinityMisfit(pod: Pod, node: Node, state: ClusterState): Misfit | undefined {
  const affinity = pod.spec.affinity;
  const anti = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (anti.some((term) => inDomain(term, node, state, (other) => selectsPod(term, pod, other)))) {
    return { reasons: ["node(s) didn't match pod anti-affinity rules"], fixed: false };
  }
  const near = affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const term of near) {
    if (node.metadata.labels?.[term.topologyKey] === undefined) return fixed("node(s) didn't match pod affinity rules");
    if (inDomain(term, node, state, (other) => selectsPod(term, pod, other))) continue;
    // The first of a group that wants to be together may go anywhere.
    const first = selectsPod(term, pod, pod) && !anywhere(state, (other) => selectsPod(term, pod, other));
    if (!first) return fixed("node(s) didn't match pod affinity rules");
  }
  return undefined;
}
function selectsPod({ labelSelector: selector, namespaces, namespaceSelector }: PodTerm, pod: Pod, other: Pod): boolean {
  const spaces = namespaces?.length ? namespaces : [pod.metadata.namespace];
  if (!namespaceSelector && !spaces.includes(other.metadata.namespace)) return false;
  return selector !== undefined && labelSelector(selector).matches(other.metadata.labels);
}
function inDomain({ topologyKey }: PodTerm, node: Node, state: ClusterState, test: (pod: Pod) => boolean): boolean {
  const value = node.metadata.labels?.[topologyKey];
  if (value === undefined) return false;
  for (const { node: other } of state.nodes) {
    if (other.metadata.labels?.[topologyKey] !== value) continue;
    for (const { pod } of state.use(other.metadata.name).pods.values()) if (test(pod)) return true;
  }
  return false;
}
function anywhere(state: ClusterState, test: (pod: Pod) => boolean): boolean {
  for (const { node } of state.nodes) for (const { pod } of state.use(node.metadata.name).pods.values()) if (test(pod)) return true;
  return false;
}
