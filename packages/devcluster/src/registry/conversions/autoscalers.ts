import type { KubeObject } from "@outrigger/kit/api";

interface Metric {
  type: string;
  resource?: { name: string; target: { type: string; averageUtilization?: number } };
}
interface Status {
  currentMetrics?: { type: string; resource?: { name: string; current: { averageUtilization?: number } } }[];
  conditions?: unknown[];
  currentCPUUtilizationPercentage?: number;
  [field: string]: unknown;
}
interface Spec {
  metrics?: Metric[];
  behavior?: unknown;
  targetCPUUtilizationPercentage?: number;
  [field: string]: unknown;
}

const metricsAnnotation = "autoscaling.alpha.kubernetes.io/metrics";
const behaviorAnnotation = "autoscaling.alpha.kubernetes.io/behavior";
const conditionsAnnotation = "autoscaling.alpha.kubernetes.io/conditions";

/** v1 knows the use of the CPU alone; what v2 says beyond that travels in annotations. */
export function convertAutoscaler(object: KubeObject, version: string): KubeObject {
  const apiVersion = `autoscaling/${version}`;
  if (object.apiVersion === apiVersion) return object;
  return version === "v1" ? toV1(object, apiVersion) : toV2(object, apiVersion);
}

function toV1(object: KubeObject, apiVersion: string): KubeObject {
  const { metrics, behavior, ...spec } = (object["spec"] ?? {}) as Spec;
  const { currentMetrics, conditions, ...status } = (object["status"] ?? {}) as Status;
  const annotations = { ...object.metadata.annotations };
  const others: Metric[] = [];
  for (const metric of metrics ?? []) {
    const { resource } = metric;
    const isCpu = resource?.name === "cpu" && resource.target.averageUtilization !== undefined;
    if (isCpu) spec.targetCPUUtilizationPercentage = resource.target.averageUtilization!;
    else others.push(metric);
  }
  if (others.length > 0) annotations[metricsAnnotation] = JSON.stringify(others);
  if (behavior !== undefined) annotations[behaviorAnnotation] = JSON.stringify(behavior);
  if (conditions?.length) annotations[conditionsAnnotation] = JSON.stringify(conditions);
  const cpu = currentMetrics?.find(({ resource }) => resource?.name === "cpu")?.resource?.current.averageUtilization;
  if (cpu !== undefined) status["currentCPUUtilizationPercentage"] = cpu;
  status["currentReplicas"] ??= 0;
  return withAnnotations({ ...object, apiVersion, spec, status }, annotations);
}

function toV2(object: KubeObject, apiVersion: string): KubeObject {
  const { targetCPUUtilizationPercentage: target, ...spec } = (object["spec"] ?? {}) as Spec;
  const { currentCPUUtilizationPercentage: current, ...status } = (object["status"] ?? {}) as Status;
  const {
    [metricsAnnotation]: metrics,
    [behaviorAnnotation]: behavior,
    [conditionsAnnotation]: conditions,
    ...annotations
  } = object.metadata.annotations ?? {};
  if (target !== undefined || metrics !== undefined) {
    spec["metrics"] = [
      ...(parsedList(metrics) as Metric[]),
      ...(target === undefined
        ? []
        : [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: target } } }]),
    ];
  }
  if (behavior !== undefined) spec["behavior"] = JSON.parse(behavior);
  if (conditions !== undefined) status["conditions"] = parsedList(conditions);
  if (current !== undefined) {
    status["currentMetrics"] = [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: current } } }];
  }
  status["desiredReplicas"] ??= 0;
  return withAnnotations({ ...object, apiVersion, spec, status }, annotations);
}

function parsedList(text: string | undefined): unknown[] {
  if (text === undefined) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

function withAnnotations(object: KubeObject, annotations: Record<string, string>): KubeObject {
  const { annotations: _old, ...metadata } = object.metadata;
  return { ...object, metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata };
}
