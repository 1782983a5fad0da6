/**
 * What is served below an object (`pods/binding`, `deployments/scale`) and what is answered but never stored (reviews):
 * a table by name. Anything else below an object reads and writes the object itself, seen by the strategy under the
 * subresource's name (`status`, `approval`, `finalize`, `ephemeralcontainers`, `resize`).
 */
import { getObject, methodNotAllowed, noSuchResource } from "../../registry/index.ts";
import type { ApiResponse } from "../request.ts";
import { acceptSingle, patch, type ResourceRequest, update } from "../resource-handler.ts";
import { single } from "../respond.ts";
import { createBinding } from "./binding.ts";
import { evict } from "./eviction.ts";
import { type Logs, podLogs } from "./logs.ts";
import { createReview, type Reviews } from "./reviews.ts";
import { scale } from "./scale.ts";
import { createToken, type TokenIssuer } from "./token.ts";
import { notImplemented } from "./unimplemented.ts";

export interface Subresources {
  handle(one: ResourceRequest): Promise<ApiResponse>;
  /** POST of a kind that has no storage: reviews, bindings. */
  createUnstored(one: ResourceRequest): Promise<ApiResponse>;
}

export interface SubresourceServices {
  readonly logs: Logs;
  readonly reviews: Reviews;
  readonly tokens: TokenIssuer;
}

type Handler = (one: ResourceRequest) => Promise<ApiResponse>;

export function subresources(services: SubresourceServices): Subresources {
  const post =
    (handler: Handler): Handler =>
    async (one) => {
      if (one.request.method !== "POST") throw methodNotAllowed();
      return handler(one);
    };
  const handlers: Readonly<Record<string, Handler>> = {
    scale,
    binding: post(createBinding),
    eviction: post(evict),
    token: post((one) => createToken(one, services.tokens)),
    log: (one) => podLogs(one, services.logs),
    exec: notImplemented,
    attach: notImplemented,
    portforward: notImplemented,
    proxy: notImplemented,
  };
  return {
    handle: (one) => (handlers[one.target.subresource] ?? wholeObject)(one),
    async createUnstored(one) {
      if (one.target.resource.plural === "bindings") return createBinding(one);
      return createReview(one, services.reviews);
    },
  };
}

const verbs: Readonly<Record<string, string>> = { GET: "get", PUT: "update", PATCH: "patch" };

async function wholeObject(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, services, caller, info } = one;
  if (info.rest.length > 0) throw noSuchResource();
  const offered = target.resource.subresources[target.subresource];
  const verb = verbs[request.method];
  if (!offered || verb === undefined || !offered.verbs.includes(verb)) throw methodNotAllowed();
  if (verb === "update") return update(one);
  if (verb === "patch") return patch(one);
  const media = acceptSingle(one);
  const served = await getObject(services.parts, target, request.query.get("resourceVersion") ?? "", caller.signal);
  return single(200, target.resource, served, media, request.query);
}
