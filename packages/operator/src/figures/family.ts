import type { MetricFamily, MetricValue } from "@outrigger/kit/metrics";

export function gauge(
  name: string,
  help: string,
  values: readonly MetricValue[],
  aggregator: "sum" | "first" | "max" = "first",
): MetricFamily {
  return { name, help, type: "gauge", aggregator, values };
}
export function counter(name: string, help: string, values: readonly MetricValue[]): MetricFamily {
  return { name, help, type: "counter", aggregator: "sum", values };
}
