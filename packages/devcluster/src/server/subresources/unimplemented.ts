import { attributesFor, badRequest, notFound, refusal, tableOf } from "../../registry/index.ts";
import type { ApiResponse } from "../request.ts";
import type { ResourceRequest } from "../resource-handler.ts";

/** Kinds of the options with which streams are opened. */
const optionKinds: Readonly<Record<string, string>> = {
  exec: "PodExecOptions",
  attach: "PodAttachOptions",
  portforward: "PodPortForwardOptions",
  proxy: "PodProxyOptions",
};

/** Streams into containers need containers: admitted as by a real server, and then a clear 501. */
export async function notImplemented({ request, target, services, caller }: ResourceRequest): Promise<ApiResponse> {
  const { resource, namespace, name, subresource } = target;
  const entry = tableOf(services.parts.store, resource.group, resource.plural).get(namespace, name);
  if (!entry) throw notFound(resource, name);
  const kind = { group: "", version: "v1", kind: optionKinds[subresource] ?? "" };
  const body = { kind: kind.kind, apiVersion: "v1", ...streamOptions(request.query) } as never;
  const step = {
    operation: "CONNECT",
    object: body,
    oldObject: undefined,
    options: { dryRun: false, sent: {} },
    optionsKind: "CreateOptions",
    kind,
  } as const;
  const attributes = { ...attributesFor(target, caller, step), options: {} };
  await services.parts.admission.mutate(attributes);
  await services.parts.admission.validate(attributes);
  const { nodeName } = (entry.object["spec"] ?? {}) as { nodeName?: string };
  if (subresource !== "proxy" && !nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
  const message = `${resource.plural}/${subresource} is not implemented: the devcluster's containers are pretended and have no processes`;
  throw refusal({ code: 501, reason: "NotImplemented", message });
}

function streamOptions(query: URLSearchParams): object {
  const flags = ["stdin", "stdout", "stderr", "tty"].filter((name) => query.get(name) === "true" || query.get(name) === "1");
  const container = query.get("container");
  const command = query.getAll("command");
  return {
    ...Object.fromEntries(flags.map((name) => [name, true])),
    ...(container ? { container } : {}),
    ...(command.length > 0 ? { command } : {}),
  };
}
