import { isMainThread } from "node:worker_threads";
import type { ControllerMetrics } from "../controller/index.ts";
import {
  CONTENT_TYPE,
  collectProcessMetrics,
  type MetricFamilies,
  type MetricSource,
  merged,
  metricsText,
  Registry,
} from "../metrics/index.ts";
import type { WebhookMetrics } from "../webhook/index.ts";

/** Buckets of controller-runtime's `reconcile_time_seconds`, so that its dashboards fit. */
const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5,
  4.0, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
const QUEUE_BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000];
/** Default buckets of Prometheus' Go client, which controller-runtime's webhooks use. */
const WEBHOOK_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const RESULTS = ["success", "error", "requeue", "requeue_after"] as const;

export interface Metrics extends ControllerMetrics, WebhookMetrics {
  /** Puts the series of a controller that may run later at 0. */
  declared(controller: string, workers: number): void;
  /** Figures of another thread, to be shown with these. */
  include(other: () => Promise<MetricFamilies>): void;
  families(): Promise<MetricFamilies>;
  request(method: string, code: string, host: string): void;
  leading(lease: string, leads: boolean): void;
  /** The text of `/metrics`. */
  render(): Promise<{ readonly type: string; readonly text: string }>;
}

/**
 * A registry of its own with controller-runtime's names; series stand at 0 from the start.
 *
 * @param own registries of the program's, shown with these; in the main thread with figures of the process too.
 */
export function metrics(own: MetricSource | readonly MetricSource[] = []): Metrics {
  const registry = new Registry();
  const counter = <L extends string>(name: string, help: string, labels: readonly L[]) => registry.counter({ name, help, labels });
  const gauge = <L extends string>(name: string, help: string, labels: readonly L[]) => registry.gauge({ name, help, labels });
  const histogram = <L extends string>(name: string, help: string, labels: readonly L[], buckets: number[]) =>
    registry.histogram({ name, help, labels, buckets });

  const total = counter("controller_runtime_reconcile_total", "Reconciles by controller and result", ["controller", "result"]);
  const errors = counter("controller_runtime_reconcile_errors_total", "Reconciles that failed", ["controller"]);
  const terminal = counter("controller_runtime_terminal_reconcile_errors_total", "Reconciles that failed for good", ["controller"]);
  const time = histogram("controller_runtime_reconcile_time_seconds", "Time of a reconcile", ["controller"], RECONCILE_BUCKETS);
  const workers = gauge("controller_runtime_max_concurrent_reconciles", "Workers of a controller", ["controller"]);
  const active = gauge("controller_runtime_active_workers", "Workers that are busy", ["controller"]);
  const depth = gauge("workqueue_depth", "Keys that wait", ["name", "controller"]);
  const adds = counter("workqueue_adds_total", "Keys added", ["name", "controller"]);
  const queued = histogram("workqueue_queue_duration_seconds", "How long keys waited", ["name", "controller"], QUEUE_BUCKETS);
  const worked = histogram("workqueue_work_duration_seconds", "How long keys were processed", ["name", "controller"], QUEUE_BUCKETS);
  const retries = counter("workqueue_retries_total", "Keys added again after a failure", ["name", "controller"]);
  /** Keys that are with workers, by queue: since when. */
  const running = new Map<string, Map<string, number>>();
  const ages = (name: string): number[] => Array.from(running.get(name)?.values() ?? [], (since) => (performance.now() - since) / 1000);
  const aging = (name: string, help: string, of: (seconds: number[]) => number): void =>
    void registry.gauge({ name, help, labels: ["name", "controller"] }, (shown) => {
      for (const queue of running.keys()) shown.set({ name: queue, controller: queue }, of(ages(queue)));
    });
  aging("workqueue_unfinished_work_seconds", "Time that all running work has taken so far", (seconds) =>
    seconds.reduce((sum, one) => sum + one, 0),
  );
  aging("workqueue_longest_running_processor_seconds", "Time of the longest running work", (seconds) => Math.max(0, ...seconds));
  const requests = counter("rest_client_requests_total", "Requests to API servers", ["code", "host", "method"]);
  const master = gauge("leader_election_master_status", "1 while this process leads", ["name"]);
  const reviewTime = histogram("controller_runtime_webhook_latency_seconds", "Time of a review", ["webhook"], WEBHOOK_BUCKETS);
  const reviews = counter("controller_runtime_webhook_requests_total", "Reviews by HTTP status", ["webhook", "code"]);
  const reviewing = gauge("controller_runtime_webhook_requests_in_flight", "Reviews that are being answered", ["webhook"]);
  const others: (() => Promise<MetricFamilies>)[] = [];
  const sources = [registry, ...(Array.isArray(own) ? (own as readonly MetricSource[]) : [own as MetricSource])];
  const families = async (): Promise<MetricFamilies> =>
    (await Promise.all(sources.map((source) => source.getMetricsAsJSON()))).flat() as MetricFamilies;
  if (isMainThread) collectProcessMetrics(registry);

  return {
    declared(controller, count) {
      this.started(controller, count);
      this.queue(controller);
    },
    include: (other) => void others.push(other),
    families,
    serves(webhook) {
      for (const code of ["200", "500"]) reviews.inc({ webhook, code }, 0);
      reviewing.set({ webhook }, 0);
      reviewTime.zero({ webhook });
    },
    reviewBegan: (webhook) => reviewing.inc({ webhook }),
    reviewEnded(webhook, status, seconds) {
      reviewing.dec({ webhook });
      reviews.inc({ webhook, code: String(status) });
      reviewTime.observe({ webhook }, seconds);
    },
    started(controller, count) {
      for (const result of RESULTS) total.inc({ controller, result }, 0);
      errors.inc({ controller }, 0);
      terminal.inc({ controller }, 0);
      time.zero({ controller });
      workers.set({ controller }, count);
      active.set({ controller }, 0);
    },
    reconciled(controller, result, seconds) {
      total.inc({ controller, result: result === "terminal_error" ? "error" : result });
      if (result === "error" || result === "terminal_error") errors.inc({ controller });
      if (result === "terminal_error") terminal.inc({ controller });
      time.observe({ controller }, seconds);
    },
    activeWorkers: (controller, change) => active.inc({ controller }, change),
    queue(name) {
      const labels = { name, controller: name };
      depth.set(labels, 0);
      adds.inc(labels, 0);
      retries.inc(labels, 0);
      queued.zero(labels);
      worked.zero(labels);
      const since = new Map<string, number>();
      running.set(name, since);
      return {
        added(_key, size) {
          adds.inc(labels);
          depth.set(labels, size);
        },
        taken(key, queuedMs, size) {
          since.set(key, performance.now());
          queued.observe(labels, queuedMs / 1000);
          depth.set(labels, size);
        },
        done(key, workMs) {
          since.delete(key);
          worked.observe(labels, workMs / 1000);
        },
        retried: () => retries.inc(labels),
      };
    },
    request: (method, code, host) => requests.inc({ code, host, method }),
    leading: (name, leads) => master.set({ name }, leads ? 1 : 0),
    async render() {
      return { type: CONTENT_TYPE, text: metricsText(merged(await Promise.all([families, ...others].map((one) => one())))) };
    },
  };
}
