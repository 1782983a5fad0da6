import type { autoscaling, autoscalingV1 } from "@outrigger/kit/kubernetes";
import { age, firstOf, name, type Printers, printer, quantityText } from "./printer.ts";

export const autoscalingCells: Printers = {
  "autoscaling/HorizontalPodAutoscaler": printer<autoscaling.HorizontalPodAutoscaler>((object, now) => {
    const { spec, status } = object;
    const { specs, statuses } = metricsOf(object);
    const metrics = specs.map((metric, index) => target(metric, statuses[index]));
    return [
      name(object),
      `${spec?.scaleTargetRef?.kind ?? ""}/${spec?.scaleTargetRef?.name ?? ""}`,
      metrics.length === 0 ? "<none>" : firstOf(metrics, 2, ", "),
      spec?.minReplicas === undefined ? "<unset>" : String(spec.minReplicas),
      spec?.maxReplicas ?? 0,
      status?.currentReplicas ?? 0,
      age(object, now),
    ];
  }),
};

/** The metrics, those of v1 too, which knows of one alone. */
function metricsOf(object: autoscaling.HorizontalPodAutoscaler): {
  specs: readonly autoscaling.MetricSpec[];
  statuses: readonly autoscaling.MetricStatus[];
} {
  const { spec, status } = object as unknown as autoscalingV1.HorizontalPodAutoscaler;
  if (spec?.targetCPUUtilizationPercentage === undefined)
    return { specs: object.spec?.metrics ?? [], statuses: object.status?.currentMetrics ?? [] };
  const current = status?.currentCPUUtilizationPercentage;
  return {
    specs: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: spec.targetCPUUtilizationPercentage } },
      },
    ],
    statuses: current === undefined ? [] : [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: current } } }],
  };
}

interface Amount {
  readonly value?: string;
  readonly averageValue?: string;
  readonly averageUtilization?: number;
}

/** Where a metric stands and where it should: `cpu: 12%/80%`, `3/10 (avg)`. */
function target(metric: autoscaling.MetricSpec, status: autoscaling.MetricStatus | undefined): string {
  switch (metric.type) {
    case "Resource":
      return ofResource(metric.resource?.name, metric.resource?.target, status?.resource?.current);
    case "ContainerResource":
      return ofResource(metric.containerResource?.name, metric.containerResource?.target, status?.containerResource?.current);
    case "Pods":
      return `${text(status?.pods && quantityText(status.pods.current?.averageValue))}/${quantityText(metric.pods?.target?.averageValue)}`;
    case "Object":
      return ofValue(metric.object?.target, status?.object?.current);
    case "External":
      return ofValue(metric.external?.target, status?.external?.current);
    default:
      return "<unknown type>";
  }
}

function ofResource(resource: string | undefined, wanted: Amount | undefined, current: Amount | undefined): string {
  if (wanted?.averageValue !== undefined)
    return `${resource}: ${text(current && quantityText(current.averageValue))}/${quantityText(wanted.averageValue)}`;
  const percent = (value: number | undefined): string | undefined => (value === undefined ? undefined : `${value}%`);
  return `${resource}: ${text(percent(current?.averageUtilization))}/${percent(wanted?.averageUtilization) ?? "<auto>"}`;
}

function ofValue(wanted: Amount | undefined, current: Amount | undefined): string {
  if (wanted?.averageValue === undefined) return `${text(current && quantityText(current.value))}/${quantityText(wanted?.value)}`;
  return `${text(current?.averageValue && quantityText(current.averageValue))}/${quantityText(wanted.averageValue)} (avg)`;
}

const text = (current: string | undefined): string => current || "<unknown>";
