import { readdirSync, readFileSync } from "node:fs";
import { constants, monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics } from "node:v8";
import type { Registry } from "./registry.ts";

const GC_BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5];
const GC_KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weakcb",
};

/**
 * Adds the process's own metrics: processor, memory, open files, garbage collection and lag of the event loop, under the names
 * that Prometheus' clients share (`process_…`) and that dashboards for Node.js know (`nodejs_…`). Of these, memory by kind and
 * open files are read from `/proc` and are missing where there is none.
 */
export function collectProcessMetrics(registry: Registry): void {
  processor(registry);
  memory(registry);
  files(registry);
  eventLoop(registry);
  garbageCollection(registry);
  resources(registry);
}

function processor(registry: Registry): void {
  const start = Math.round(Date.now() / 1000 - process.uptime());
  registry
    .gauge({ name: "process_start_time_seconds", help: "Start of the process, in seconds since 1970", aggregator: "first" })
    .set({}, start);
  const user = registry.counter({ name: "process_cpu_user_seconds_total", help: "Processor time spent in user code" });
  const system = registry.counter({ name: "process_cpu_system_seconds_total", help: "Processor time spent in the kernel" });
  const both = registry.counter({ name: "process_cpu_seconds_total", help: "Processor time spent" });
  let last = { user: 0, system: 0 };
  const { node: version = "" } = process.versions;
  const [major = "", minor = "", patch = ""] = version.split(".");
  const labels = ["version", "major", "minor", "patch"] as const;
  registry.gauge({ name: "nodejs_version_info", help: "Version of Node.js", labels, aggregator: "first" }, (info) => {
    info.set({ version: `v${version}`, major, minor, patch }, 1);
    const now = process.cpuUsage();
    user.inc({}, (now.user - last.user) / 1e6);
    system.inc({}, (now.system - last.system) / 1e6);
    both.inc({}, (now.user - last.user + now.system - last.system) / 1e6);
    last = now;
  });
}

function memory(registry: Registry): void {
  const gauge = (name: string, help: string) => registry.gauge({ name, help });
  const heapTotal = gauge("nodejs_heap_size_total_bytes", "Size of V8's heap");
  const heapUsed = gauge("nodejs_heap_size_used_bytes", "Used part of V8's heap");
  const external = gauge("nodejs_external_memory_bytes", "Memory outside V8's heap that its objects hold");
  registry.gauge({ name: "process_resident_memory_bytes", help: "Resident memory" }, (resident) => {
    const usage = process.memoryUsage();
    resident.set({}, usage.rss);
    heapTotal.set({}, usage.heapTotal);
    heapUsed.set({}, usage.heapUsed);
    external.set({}, usage.external);
  });
  const labels = ["space"] as const;
  const space = (what: string, help: string) => registry.gauge({ name: `nodejs_heap_space_size_${what}_bytes`, help, labels });
  const [used, available] = [space("used", "Used part of a space of V8's heap"), space("available", "Free part of a space of V8's heap")];
  registry.gauge({ name: "nodejs_heap_space_size_total_bytes", help: "Size of a space of V8's heap", labels }, (total) => {
    for (const one of getHeapSpaceStatistics()) {
      const named = { space: one.space_name.replace(/_space$/, "") };
      total.set(named, one.space_size);
      used.set(named, one.space_used_size);
      available.set(named, one.space_available_size);
    }
  });
  if (procFile("status") === undefined) return;
  const heap = gauge("process_heap_bytes", "Size of the data segment");
  registry.gauge({ name: "process_virtual_memory_bytes", help: "Virtual memory" }, (virtual) => {
    const status = procFile("status") ?? "";
    virtual.set({}, kibibytes(status, "VmSize"));
    heap.set({}, kibibytes(status, "VmData"));
  });
}

function files(registry: Registry): void {
  const limit = /^Max open files\s+(\d+)/m.exec(procFile("limits") ?? "")?.[1];
  if (limit === undefined) return;
  registry.gauge({ name: "process_max_fds", help: "Limit of open file descriptors" }).set({}, Number(limit));
  // One descriptor is the folder's own while it is read.
  registry.gauge({ name: "process_open_fds", help: "Open file descriptors" }, (open) =>
    open.set({}, readdirSync("/proc/self/fd").length - 1),
  );
}

function eventLoop(registry: Registry): void {
  const delay = monitorEventLoopDelay();
  delay.enable();
  const gauge = (what: string, help: string, aggregator: "average" | "min" | "max" = "average") =>
    registry.gauge({ name: `nodejs_eventloop_lag_${what}seconds`, help, aggregator });
  const least = gauge("min_", "Shortest delay of the event loop since the last read", "min");
  const most = gauge("max_", "Longest delay of the event loop since the last read", "max");
  const mean = gauge("mean_", "Mean delay of the event loop since the last read");
  const deviation = gauge("stddev_", "Standard deviation of the event loop's delays since the last read");
  const percentiles = [50, 90, 99].map(
    (percent) => [percent, gauge(`p${percent}_`, `Percentile ${percent} of the event loop's delays`)] as const,
  );
  registry.gauge(
    { name: "nodejs_eventloop_lag_seconds", help: "Delay of the event loop at the last read", aggregator: "average" },
    (lag) => {
      const since = performance.now();
      setImmediate(() => lag.set({}, (performance.now() - since) / 1000));
      least.set({}, delay.min / 1e9);
      most.set({}, delay.max / 1e9);
      mean.set({}, delay.mean / 1e9);
      deviation.set({}, delay.stddev / 1e9);
      for (const [percent, one] of percentiles) one.set({}, delay.percentile(percent) / 1e9);
      delay.reset();
    },
  );
}

function garbageCollection(registry: Registry): void {
  const name = "nodejs_gc_duration_seconds";
  const time = registry.histogram({ name, help: "Time of garbage collections by kind", labels: ["kind"], buckets: GC_BUCKETS });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // The observer's type does not know that entries of this type have a kind.
      const kind = (entry as { readonly detail?: { readonly kind?: number } }).detail?.kind;
      time.observe({ kind: (kind !== undefined && GC_KINDS[kind]) || "other" }, entry.duration / 1000);
    }
  }).observe({ entryTypes: ["gc"] });
}

function resources(registry: Registry): void {
  const total = registry.gauge({ name: "nodejs_active_resources_total", help: "Resources that keep the process alive" });
  const labels = ["type"] as const;
  const seen = new Set<string>();
  registry.gauge({ name: "nodejs_active_resources", help: "Resources that keep the process alive, by type", labels }, (active) => {
    const types = process.getActiveResourcesInfo();
    total.set({}, types.length);
    for (const type of types) seen.add(type);
    for (const type of seen) active.set({ type }, types.filter((one) => one === type).length);
  });
}

function procFile(name: string): string | undefined {
  try {
    return readFileSync(`/proc/self/${name}`, "utf8");
  } catch {
    return undefined;
  }
}

function kibibytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? Number.NaN) * 1024;
}
