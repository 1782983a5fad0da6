/** A family of figures as Prometheus' client writes it in JSON; summed where several threads show it. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly aggregator: "sum" | "first" | "max";
  readonly values: readonly MetricValue[];
}
export interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

export function gauge(
  name: string,
  help: string,
  values: readonly MetricValue[],
  aggregator: MetricFamily["aggregator"] = "first",
): MetricFamily {
  return { name, help, type: "gauge", aggregator, values };
}
export function counter(name: string, help: string, values: readonly MetricValue[]): MetricFamily {
  return { name, help, type: "counter", aggregator: "sum", values };
}
