/**
 * Counters, gauges and histograms, and the text in which Prometheus reads them.
 *
 * Guarantees
 * - A registry has each name once. Names, labels and buckets that Prometheus refuses throw a `RangeError` when they are declared.
 * - A metric without labels has its series from the start; one with labels has a series once it is written.
 * - A counter never falls: `inc` with a negative or missing number throws.
 * - A source whose metrics fail to be read fails the page; it never shows half of it.
 *
 * Caveats
 * - Series are kept for as long as the registry: labels must not come from names of objects, users or requests.
 */

export { type Aggregator, type MetricFamilies, type MetricFamily, type MetricSource, type MetricValue, merged } from "./family.ts";
export { collectProcessMetrics } from "./process.ts";
export { type Gauge, type Histogram, type HistogramOptions, type Labels, type Metric, type MetricOptions, Registry } from "./registry.ts";
export { CONTENT_TYPE, metricsText } from "./text.ts";
