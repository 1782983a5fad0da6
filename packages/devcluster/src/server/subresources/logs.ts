import type { LogRequest, LogSource } from "../../kubelet/index.ts";
import { badRequest, methodNotAllowed, noSuchResource, notFound, queryBoolean, queryInteger, tableOf } from "../../registry/index.ts";
import type { ApiResponse } from "../request.ts";
import type { ResourceRequest } from "../resource-handler.ts";

/** Whoever has the logs at the moment. */
export interface Logs {
  readonly source: LogSource | undefined;
}

interface PodParts {
  spec: {
    nodeName?: string;
    containers?: { name: string }[];
    initContainers?: { name: string }[];
    ephemeralContainers?: { name: string }[];
  };
  metadata: { annotations?: Record<string, string> };
}

/** The log of one container, as the kubelet tells it (`pkg/registry/core/pod/rest/log.go`). */
export async function podLogs({ request, target, services, caller, info }: ResourceRequest, logs: Logs): Promise<ApiResponse> {
  if (request.method !== "GET") throw methodNotAllowed();
  if (info.rest.length > 0) throw noSuchResource();
  const { namespace, name } = target;
  const entry = tableOf(services.parts.store, "", "pods").get(namespace, name);
  if (!entry) throw notFound(target.resource, name);
  const { spec, metadata } = entry.object as unknown as PodParts;
  const container = containerOf(name, spec, metadata, request.query.get("container") ?? "");
  // Nothing runs where no node is: an empty answer, as from a real server.
  if (!spec.nodeName) return { status: 204, headers: {} };
  if (!logs.source) return { status: 204, headers: {} };
  const lines = logs.source.logs(logRequest(request.query, namespace, name, container, caller.signal))[Symbol.asyncIterator]();
  // The first line tells whether there is a log at all, while a refusal can still be a refusal.
  const first = await lines.next();
  return {
    status: 200,
    headers: { "content-type": "text/plain" },
    stream(sink) {
      const copy = async (): Promise<void> => {
        for (let line = first; !line.done; line = await lines.next()) sink.write(`${line.value}\n`);
      };
      copy()
        .catch(() => {})
        .finally(() => sink.end());
      caller.signal.addEventListener("abort", () => void lines.return?.(), { once: true });
    },
  };
}

function logRequest(query: URLSearchParams, namespace: string, pod: string, container: string, signal: AbortSignal): LogRequest {
  const optional = {
    tailLines: queryInteger(query, "tailLines"),
    limitBytes: queryInteger(query, "limitBytes"),
    sinceSeconds: queryInteger(query, "sinceSeconds"),
    sinceTime: query.get("sinceTime") ?? undefined,
  };
  return {
    namespace,
    pod,
    container,
    follow: queryBoolean(query, "follow") === true,
    previous: queryBoolean(query, "previous") === true,
    timestamps: queryBoolean(query, "timestamps") === true,
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as Partial<LogRequest>),
    signal,
  };
}

function containerOf(pod: string, spec: PodParts["spec"], metadata: PodParts["metadata"], asked: string): string {
  const names = (list: { name: string }[] | undefined): string[] => (list ?? []).map(({ name }) => name);
  const containers = names(spec.containers);
  const init = names(spec.initContainers);
  if (asked !== "") {
    if ([...containers, ...init, ...names(spec.ephemeralContainers)].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${pod}`);
  }
  const preferred = metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  if (preferred !== undefined && containers.includes(preferred)) return preferred;
  if (containers.length === 1) return containers[0]!;
  const choices = `choose one of: [${containers.join(" ")}]${init.length > 0 ? ` or one of the init containers: [${init.join(" ")}]` : ""}`;
  throw badRequest(`a container name must be specified for pod ${pod}, ${choices}`);
}
