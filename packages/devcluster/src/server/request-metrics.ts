import { CONTENT_TYPE, metricsText, Registry } from "@outrigger/kit/metrics";
import { type ApiRequest, type ApiResponse, header } from "./request.ts";
import type { RequestInfo } from "./request-info.ts";

/** Seconds: those of `apiserver_request_duration_seconds`. */
const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const labels = ["verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component"] as const;
const verbs: Readonly<Record<string, string>> = { create: "POST", update: "PUT" };

/** What `/metrics` shows, by the names of a real API server (`k8s.io/apiserver/pkg/endpoints/metrics`). */
export class RequestMetrics {
  readonly #registry = new Registry();
  readonly #total = this.#registry.counter({
    name: "apiserver_request_total",
    help: "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
    labels: [...labels, "code"],
  });
  readonly #duration = this.#registry.histogram({
    name: "apiserver_request_duration_seconds",
    help: "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
    labels: [...labels],
    buckets,
  });
  readonly #inflight = this.#registry.gauge({
    name: "apiserver_current_inflight_requests",
    help: "Requests that are being answered, by kind; watches are not among them.",
    labels: ["request_kind"],
  });
  readonly #longRunning = this.#registry.gauge({
    name: "apiserver_longrunning_requests",
    help: "Requests that are open for long, such as watches.",
    labels: [...labels],
  });

  constructor(revision: () => number) {
    this.#registry.gauge({ name: "outrigger_devcluster_revision", help: "Revision of the newest write." }, (gauge) =>
      gauge.set({}, revision()),
    );
    for (const request_kind of ["mutating", "readOnly"]) this.#inflight.set({ request_kind }, 0);
  }

  /**
   * Counts a request as being answered until the returned function is called with its response.
   *
   * @param served whether the request is about a resource that is served: names that nobody serves come from clients, and
   *   as labels they would grow without end.
   */
  begin(request: ApiRequest, info: RequestInfo, served: boolean): (response: ApiResponse) => void {
    const began = performance.now();
    const kind = { request_kind: request.method === "GET" || request.method === "HEAD" ? "readOnly" : "mutating" };
    this.#inflight.inc(kind);
    return (response) => {
      this.#inflight.dec(kind);
      const of = {
        verb: verbOf(request, info),
        dry_run: request.query.get("dryRun") === "All" ? "All" : "",
        group: served ? info.group : "",
        version: served ? info.version : "",
        resource: served ? info.resource : "",
        subresource: served && response.status !== 404 ? info.subresource : "",
        scope: served ? (info.name !== "" ? "resource" : info.namespace !== "" ? "namespace" : "cluster") : "",
        component: "apiserver",
      };
      this.#total.inc({ ...of, code: String(response.status) });
      if (!response.stream) return this.#duration.observe(of, (performance.now() - began) / 1000);
      this.#longRunning.inc(of);
      request.signal.addEventListener("abort", () => this.#longRunning.dec(of), { once: true });
    };
  }

  async page(): Promise<ApiResponse> {
    const body = metricsText(await this.#registry.getMetricsAsJSON());
    return { status: 200, headers: { "content-type": CONTENT_TYPE, "cache-control": "no-cache, private" }, body };
  }
}

function verbOf(request: ApiRequest, { verb, isResource }: RequestInfo): string {
  const { method } = request;
  if (!isResource) return ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].includes(method) ? method : "other";
  if (verb === "patch" && header(request, "content-type")?.startsWith("application/apply-patch")) return "APPLY";
  return verbs[verb] ?? verb.toUpperCase();
}
