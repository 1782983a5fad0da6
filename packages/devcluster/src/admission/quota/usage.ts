import { type KubeObject, Quantity } from "@outrigger/kit/api";
import { type Amounts, amounts, podLimits, podRequests } from "@outrigger/machinery/kinds";

/** Resource names of a quota → amounts: `cpu` and what stands for it in thousandths, all else in units. */
export type Usage = Readonly<Record<string, number>>;

type Fields = Readonly<Record<string, unknown>>;
const specOf = (object: KubeObject): Fields => (object["spec"] as Fields | undefined) ?? {};

/** `count/pods`, `count/deployments.apps` */
export function countName(group: string, plural: string): string {
  return `count/${plural}${group === "" ? "" : `.${group}`}`;
}

/** Kinds that can be counted under their plain name too. */
const PLAIN = new Set(["configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services"]);

/** Whether an amount of this resource of a quota is of CPU, which is counted in thousandths. */
export const isCpu = (resource: string): boolean => /^(?:requests\.|limits\.)?cpu$/.test(resource);

export function parseAmount(resource: string, text: unknown): number {
  const quantity = Quantity.parse(text as string);
  return Number(isCpu(resource) ? quantity.milliValue : quantity.value);
}

/** As a status writes it, in the family in which the quota's own amount is written. */
export function amountText(resource: string, value: number, like: unknown): string {
  const { format } = Quantity.parse(like as string);
  return (
    isCpu(resource) ? Quantity.ofMilli(value, format) : Quantity.of(value, /memory|storage/.test(resource) ? "BinarySI" : format)
  ).toString();
}

/** What one object takes of its namespace's quotas (`pkg/quota/v1/evaluator/core`). */
export function usageOf(group: string, plural: string, object: KubeObject): Usage {
  const usage: Record<string, number> = { [countName(group, plural)]: 1 };
  if (group !== "") return usage;
  if (plural === "pods") return { ...usage, ...podUsage(object) };
  if (PLAIN.has(plural)) usage[plural] = 1;
  if (plural === "services") Object.assign(usage, serviceUsage(specOf(object)));
  if (plural === "persistentvolumeclaims") Object.assign(usage, claimUsage(object));
  return usage;
}

function podUsage(pod: KubeObject): Usage {
  // A pod that ended takes nothing but its place in the store.
  if (hasEnded(pod)) return {};
  const spec = specOf(pod) as unknown as Parameters<typeof podRequests>[0];
  const usage: Record<string, number> = { pods: 1 };
  for (const [resource, value] of Object.entries(podRequests(spec))) {
    usage[`requests.${resource}`] = value;
    if (["cpu", "memory", "ephemeral-storage"].includes(resource) || resource.startsWith("hugepages-")) usage[resource] = value;
  }
  for (const [resource, value] of Object.entries(podLimits(spec)))
    if (["cpu", "memory", "ephemeral-storage"].includes(resource)) usage[`limits.${resource}`] = value;
  return usage;
}

export function hasEnded(pod: KubeObject): boolean {
  const phase = (pod["status"] as { phase?: string } | undefined)?.phase;
  if (phase === "Failed" || phase === "Succeeded") return true;
  // Past its grace period it counts no more, though nobody took it away.
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  return (
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds !== undefined &&
    Date.parse(String(deletionTimestamp)) + deletionGracePeriodSeconds * 1000 < Date.now()
  );
}

function serviceUsage(spec: Fields): Usage {
  const ports = (spec["ports"] as readonly { nodePort?: number }[] | undefined) ?? [];
  if (spec["type"] === "NodePort") return { "services.nodeports": ports.length };
  if (spec["type"] !== "LoadBalancer") return {};
  const allocated = spec["allocateLoadBalancerNodePorts"] === false ? ports.filter(({ nodePort }) => nodePort).length : ports.length;
  return { "services.loadbalancers": 1, "services.nodeports": allocated };
}

function claimUsage(claim: KubeObject): Usage {
  const spec = specOf(claim);
  const requested = amounts((spec["resources"] as { requests?: object } | undefined)?.requests)["storage"];
  const storageClass = (claim.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? spec["storageClassName"]) as
    | string
    | undefined;
  const usage: Record<string, number> = requested === undefined ? {} : { "requests.storage": requested };
  if (storageClass) {
    usage[`${storageClass}.storageclass.storage.k8s.io/persistentvolumeclaims`] = 1;
    if (requested !== undefined) usage[`${storageClass}.storageclass.storage.k8s.io/requests.storage`] = requested;
  }
  return usage;
}

/** Compute resources that every container must name, once a quota bounds them. */
export function unnamed(pod: KubeObject, hard: readonly string[]): readonly (readonly [resource: string, containers: string])[] {
  const wanted = hard.filter((name) => /^(?:(?:requests|limits)\.)?(?:cpu|memory|ephemeral-storage)$/.test(name)).sort();
  const containers = ["containers", "initContainers"].flatMap(
    (field) => (specOf(pod)[field] as readonly { name: string; resources?: { requests?: Fields; limits?: Fields } }[] | undefined) ?? [],
  );
  const whole = specOf(pod)["resources"] as { requests?: Fields; limits?: Fields } | undefined;
  return wanted.flatMap((name) => {
    const [, kind = "requests", resource = ""] = /^(?:(requests|limits)\.)?(.*)$/.exec(name) ?? [];
    const field = kind as "requests" | "limits";
    if (whole?.[field]?.[resource] !== undefined) return [];
    const missing = containers.filter(({ resources }) => resources?.[field]?.[resource] === undefined).map((container) => container.name);
    return missing.length === 0 ? [] : [[name, [...new Set(missing)].sort().join(",")] as const];
  });
}

export function plus(a: Usage, b: Usage): Usage {
  const sum: Record<string, number> = { ...a };
  for (const [name, value] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

export type { Amounts };
