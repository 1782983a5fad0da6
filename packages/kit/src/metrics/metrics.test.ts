import * as prom from "prom-client";
import { expect, test } from "vitest";
import { collectProcessMetrics, type MetricFamily, merged, metricsText, Registry } from "./index.ts";

const text = async (registry: Registry): Promise<string> => metricsText(await registry.getMetricsAsJSON());

test("writes what prom-client writes for the same metrics", async () => {
  const ours = new Registry();
  const theirs = new prom.Registry();
  const registers = [theirs];
  const help = 'a \\ backslash, a "quote"\nand a line';
  const requests = ours.counter({ name: "requests_total", help, labels: ["code", "path"] });
  const theirRequests = new prom.Counter({ name: "requests_total", help, labelNames: ["code", "path"], registers });
  for (const [code, path] of [
    ["200", "/"],
    ["404", 'a"b\\c\nd'],
    ["200", "/"],
  ] as const) {
    requests.inc({ code, path });
    theirRequests.inc({ code, path });
  }
  const depth = ours.gauge({ name: "depth", help: "Depth" });
  const theirDepth = new prom.Gauge({ name: "depth", help: "Depth", registers });
  for (const one of [depth, theirDepth]) {
    one.inc({}, 4);
    one.dec({}, 1.5);
  }
  const limit = ours.gauge({ name: "limit", help: "Limit", labels: ["of"] });
  const theirLimit = new prom.Gauge({ name: "limit", help: "Limit", labelNames: ["of"], registers });
  for (const [of, value] of [
    ["most", Number.POSITIVE_INFINITY],
    ["least", Number.NEGATIVE_INFINITY],
    ["small", 1e-9],
  ] as const)
    for (const one of [limit, theirLimit]) one.set({ of }, value);
  const buckets = [0.1, 1, 5];
  const time = ours.histogram({ name: "time_seconds", help: "Time", labels: ["of"], buckets });
  const theirTime = new prom.Histogram({ name: "time_seconds", help: "Time", labelNames: ["of"], buckets, registers });
  for (const one of [time, theirTime]) {
    one.zero({ of: "idle" });
    for (const value of [0.05, 0.1, 0.2, 5, 7]) one.observe({ of: "busy" }, value);
  }
  new prom.Counter({ name: "nothing_total", help: "Nothing", registers });
  ours.counter({ name: "nothing_total", help: "Nothing" });
  expect((await text(ours)).trim()).toBe((await theirs.metrics()).trim());
});

test("a value that is no number is written as the format has it", async () => {
  const registry = new Registry();
  registry.gauge({ name: "odd", help: "h" }).set({}, Number.NaN);
  expect(await text(registry)).toContain("odd NaN\n");
});

test("families of several threads become one: each series once, joined as the family says", async () => {
  const thread = async (by: number): Promise<MetricFamily[]> => {
    const registry = new Registry();
    registry.counter({ name: "sum_total", help: "h", labels: ["of"] }).inc({ of: "a" }, by);
    registry.gauge({ name: "most", help: "h", aggregator: "max" }).set({}, by);
    registry.gauge({ name: "mean", help: "h", aggregator: "average" }).set({}, by);
    registry.histogram({ name: "size", help: "h", buckets: [2] }).observe({}, by);
    return structuredClone(await registry.getMetricsAsJSON());
  };
  const foreign = new prom.Registry();
  new prom.Counter({ name: "sum_total", help: "h", labelNames: ["of"], registers: [foreign] }).inc({ of: "b" });
  const all = merged([await thread(1), await thread(3), (await foreign.getMetricsAsJSON()) as unknown as MetricFamily[]]);
  expect(
    metricsText(all)
      .split("\n")
      .filter((line) => !line.startsWith("#") && line !== ""),
  ).toEqual([
    'sum_total{of="a"} 4',
    'sum_total{of="b"} 1',
    "most 3",
    "mean 2",
    'size_bucket{le="2"} 1',
    'size_bucket{le="+Inf"} 2',
    "size_sum 4",
    "size_count 2",
  ]);
});

test("refuses what Prometheus would refuse, where it is declared or written", () => {
  const registry = new Registry();
  const counter = registry.counter({ name: "a_total", help: "h", labels: ["of"] });
  const odd = (declare: () => unknown): string => {
    try {
      declare();
    } catch (error) {
      return (error as Error).message;
    }
    return "nothing";
  };
  expect([
    odd(() => registry.counter({ name: "a_total", help: "h" })),
    odd(() => registry.counter({ name: "a-total", help: "h" })),
    odd(() => registry.gauge({ name: "b", help: "h", labels: ["__of"] })),
    odd(() => registry.histogram({ name: "c", help: "h", buckets: [1, 1] })),
    odd(() => registry.histogram({ name: "c", help: "h", labels: ["le"], buckets: [1] })),
    odd(() => counter.inc({ of: "x" }, -1)),
    odd(() => counter.inc({ of: "x" }, Number.NaN)),
    odd(() => counter.inc()),
    odd(() => counter.inc({ to: "x" } as never)),
  ]).toEqual([
    "a_total is in this registry already",
    "a-total is no name of a metric",
    "b: __of is no name of a label",
    "c: buckets must rise: 1, 1",
    "c: the label le belongs to the buckets of histograms",
    "a_total: a counter cannot change by -1",
    "a_total: a counter cannot change by NaN",
    "a_total has the labels of: of is missing or not one of them",
    "a_total has the labels of: of is missing or not one of them",
  ]);
});

test("shows the process's metrics under prom-client's names", async () => {
  const ours = new Registry();
  collectProcessMetrics(ours);
  const names = (await ours.getMetricsAsJSON()).map(({ name }) => name);
  const theirs = new prom.Registry();
  prom.collectDefaultMetrics({ register: theirs });
  const left = (await theirs.getMetricsAsJSON()).map(({ name }) => name).filter((name) => !names.includes(name));
  // Handles and requests are found by means that Node has deprecated; resources, which replace them, are there.
  expect(left.filter((name) => !/^nodejs_active_(handles|requests)/.test(name))).toEqual([]);
  const page = await text(ours);
  expect(page).toMatch(/^process_cpu_seconds_total 0?\.?\d+/m);
  expect(page).toMatch(/^process_open_fds [1-9]\d*$/m);
  expect(page).toMatch(/^process_virtual_memory_bytes [1-9]\d*$/m);
  expect(page).toMatch(/^nodejs_heap_space_size_used_bytes\{space="old"\} [1-9]\d*$/m);
});
