import { notFound, refusal, tableOf } from "../../registry/index.ts";
import type { ApiResponse } from "../request.ts";
import type { ResourceRequest } from "../resource-handler.ts";

/** Streams into containers need containers: a clear 501. */
export async function notImplemented({ target, services }: ResourceRequest): Promise<ApiResponse> {
  const { resource, namespace, name, subresource } = target;
  if (!tableOf(services.parts.store, resource.group, resource.plural).get(namespace, name)) throw notFound(resource, name);
  const message = `${resource.plural}/${subresource} is not implemented: the devcluster's containers are pretended and have no processes`;
  throw refusal({ code: 501, reason: "NotImplemented", message });
}
