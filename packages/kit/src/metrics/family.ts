/** How values of one series that several sources show become one. `omit` shows the value only where there is one source. */
export type Aggregator = "sum" | "first" | "min" | "max" | "average" | "omit";

/** One series and its value. */
export interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** The series' own name where it differs from the family's: `…_bucket`, `…_sum` and `…_count` of a histogram. */
  readonly metricName?: string;
}

/** All series of one name, as they travel between threads; JSON. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly aggregator?: Aggregator;
  readonly values: readonly MetricValue[];
}

/** Metrics of one thread as they travel to another. */
export type MetricFamilies = readonly MetricFamily[];

/** Something with metrics to show: a `Registry` of ours, or one of prom-client. */
export interface MetricSource {
  getMetricsAsJSON(): Promise<readonly object[]>;
}

/** Families of several sources as one page shows them: each name once, each series once. */
export function merged(sources: readonly MetricFamilies[]): MetricFamily[] {
  const byName = new Map<string, MetricFamily[]>();
  for (const family of sources.flat()) {
    const known = byName.get(family.name);
    if (known) known.push(family);
    else byName.set(family.name, [family]);
  }
  return Array.from(byName.values(), (same) => (same.length === 1 ? same[0]! : { ...same[0]!, values: mergedValues(same) }));
}

function mergedValues(families: readonly MetricFamily[]): MetricValue[] {
  const bySeries = new Map<string, MetricValue[]>();
  for (const value of families.flatMap(({ values }) => values)) {
    const labels = Object.entries(value.labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const series = JSON.stringify([value.metricName, labels.map(([name, text]) => [name, String(text)])]);
    const known = bySeries.get(series);
    if (known) known.push(value);
    else bySeries.set(series, [value]);
  }
  const join = JOIN[families[0]!.aggregator ?? "sum"];
  return [...bySeries.values()].flatMap((same) => {
    const value = same.length === 1 ? same[0]!.value : join(same.map((one) => one.value));
    return value === undefined ? [] : [{ ...same[0]!, value }];
  });
}

const JOIN: Record<Aggregator, (values: readonly number[]) => number | undefined> = {
  sum,
  first: ([first]) => first,
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  average: (values) => sum(values) / values.length,
  omit: () => undefined,
};

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
