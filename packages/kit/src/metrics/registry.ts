import type { Aggregator, MetricFamily, MetricSource, MetricValue } from "./family.ts";

/** Values of a metric's labels. */
export type Labels<L extends string> = Readonly<Record<L, string>>;

/** What a metric is declared with. */
export interface MetricOptions<L extends string> {
  /** `websites_written_total`: letters, digits, `_` and `:`, no digit first. */
  readonly name: string;
  /** One sentence for readers of the page. */
  readonly help: string;
  /** Names of its labels. Default: none. */
  readonly labels?: readonly L[];
  /** How values of several threads become one. Default `sum`. */
  readonly aggregator?: Aggregator;
}

/** What a histogram is declared with. */
export interface HistogramOptions<L extends string> extends MetricOptions<L> {
  /** Upper bounds of its buckets, rising, without the last one (infinity). */
  readonly buckets: readonly number[];
}

/** A counter or a gauge. `labels` may be left out where the metric has none. */
export interface Metric<L extends string> {
  /** Adds `by`, 1 unless given. @throws RangeError for a counter and a negative `by`, and for labels that were not declared. */
  inc(labels?: Labels<L>, by?: number): void;
}

/** A gauge: a value that rises and falls. */
export interface Gauge<L extends string> extends Metric<L> {
  dec(labels?: Labels<L>, by?: number): void;
  set(labels: Labels<L>, value: number): void;
}

/** Counts observations by size. */
export interface Histogram<L extends string> {
  /** Counts `value` in its buckets. */
  observe(labels: Labels<L>, value: number): void;
  /** Shows the series at 0. */
  zero(labels: Labels<L>): void;
}

interface Declared {
  readonly type: MetricFamily["type"];
  readonly options: MetricOptions<string>;
  readonly collect?: () => void;
  values(): MetricValue[];
}
interface Series {
  readonly labels: Labels<string>;
}

/** Metrics of a program; the manager shows them: `manager({ metrics: registry })`. */
export class Registry implements MetricSource {
  readonly #metrics = new Map<string, Declared>();

  /** A number that only rises since the process started. */
  counter<L extends string = never>(options: MetricOptions<L>): Metric<L> {
    const { add } = this.#number("counter", options);
    return {
      inc(labels, by = 1) {
        if (!(by >= 0)) throw new RangeError(`${options.name}: a counter cannot change by ${by}`);
        add(labels, by);
      },
    };
  }

  /** A number that rises and falls. `collect` is called before the page is written and may set it. */
  gauge<L extends string = never>(options: MetricOptions<L>, collect?: (gauge: Gauge<L>) => void): Gauge<L> {
    const { add, set } = this.#number("gauge", options, collect && (() => collect(gauge)));
    const gauge: Gauge<L> = { inc: (labels, by = 1) => add(labels, by), dec: (labels, by = 1) => add(labels, -by), set };
    return gauge;
  }

  /** Observations by size, with their sum and number. */
  histogram<L extends string = never>(options: HistogramOptions<L>): Histogram<L> {
    const { name, buckets } = options;
    if (buckets.some((bound, index) => !(bound > (buckets[index - 1] ?? Number.NEGATIVE_INFINITY))))
      throw new RangeError(`${name}: buckets must rise: ${buckets.join(", ")}`);
    if (options.labels?.includes("le" as L)) throw new RangeError(`${name}: the label le belongs to the buckets of histograms`);
    const at = seriesOf(options, (labels) => ({ labels, counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 }));
    this.#declare({ type: "histogram", options, values: () => [...at.all()].flatMap((one) => histogramValues(name, buckets, one)) });
    return {
      zero: (labels) => void at(labels),
      observe(labels, value) {
        const series = at(labels);
        const bucket = buckets.findIndex((bound) => value <= bound);
        series.counts[bucket < 0 ? buckets.length : bucket]! += 1;
        series.sum += value;
      },
    };
  }

  async getMetricsAsJSON(): Promise<MetricFamily[]> {
    for (const { collect } of this.#metrics.values()) collect?.();
    return Array.from(this.#metrics.values(), ({ type, options: { name, help, aggregator = "sum" }, values }) => ({
      name,
      help,
      type,
      aggregator,
      values: values(),
    }));
  }

  #number<L extends string>(type: "counter" | "gauge", options: MetricOptions<L>, collect?: () => void) {
    const at = seriesOf(options, (labels) => ({ labels, value: 0 }));
    this.#declare({ type, options, ...(collect ? { collect } : {}), values: () => [...at.all()] });
    return {
      add: (labels: Labels<L> | undefined, by: number): void => {
        at(labels).value += by;
      },
      set: (labels: Labels<L>, value: number): void => {
        at(labels).value = value;
      },
    };
  }

  #declare(metric: Declared): void {
    const { name, labels = [] } = metric.options;
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) throw new RangeError(`${name} is no name of a metric`);
    const odd = labels.find((label) => !/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(label));
    if (odd !== undefined) throw new RangeError(`${name}: ${odd} is no name of a label`);
    if (this.#metrics.has(name)) throw new RangeError(`${name} is in this registry already`);
    this.#metrics.set(name, metric);
  }
}

interface Counts extends Series {
  readonly counts: readonly number[];
  readonly sum: number;
}

function histogramValues(name: string, buckets: readonly number[], { labels, counts, sum }: Counts): MetricValue[] {
  let below = 0;
  const values: MetricValue[] = counts.map((count, index) => {
    below += count;
    return { metricName: `${name}_bucket`, labels: { le: buckets[index] ?? "+Inf", ...labels }, value: below };
  });
  values.push({ metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: below });
  return values;
}

interface SeriesOf<S extends Series> {
  (labels?: Readonly<Record<string, string>>): S;
  all(): Iterable<S>;
}

/** The series of a metric by the values of its labels, made when first named. */
function seriesOf<S extends Series>({ name, labels: names = [] }: MetricOptions<string>, make: (labels: Labels<string>) => S): SeriesOf<S> {
  const made = new Map<string, S>();
  const at = (labels: Readonly<Record<string, string>> = {}): S => {
    // Most metrics have one label: its value is the key, with nothing to join.
    const key = names.length === 1 ? (labels[names[0]!] ?? "") : names.map((one) => labels[one]).join("\0");
    const known = made.get(key);
    if (known) return known;
    const odd = names.find((one) => labels[one] === undefined) ?? Object.keys(labels).find((one) => !names.includes(one));
    if (odd !== undefined)
      throw new RangeError(`${name} has the labels ${names.join(", ") || "(none)"}: ${odd} is missing or not one of them`);
    const series = make(Object.fromEntries(names.map((one) => [one, labels[one]!])));
    made.set(key, series);
    return series;
  };
  if (names.length === 0) at();
  return Object.assign(at, { all: () => made.values() });
}
