import { Buffer } from "node:buffer";
import { StatusError } from "@outrigger/kit/client";
import {
  type Caller,
  internal,
  methodNotAllowed,
  noSuchResource,
  type RegistryParts,
  type Resources,
  refusal,
  type UserInfo,
} from "../registry/index.ts";
import type { Audit, auditing } from "./audit/index.ts";
import { authenticate, impersonate, type TokenReader } from "./authenticate.ts";
import { type Attributes, type Authorizer, denial } from "./authorize.ts";
import type { Discovery } from "./discovery/index.ts";
import { health } from "./health.ts";
import { type ApiRequest, type ApiResponse, header } from "./request.ts";
import { type RequestInfo, requestInfo } from "./request-info.ts";
import type { RequestMetrics } from "./request-metrics.ts";
import { handleResource, type ResourceServices } from "./resource-handler.ts";
import { pageNotFound, prettyJson, refusedAs, warningHeader } from "./respond.ts";
import { version } from "./version.ts";
import { Warnings } from "./warnings.ts";

export interface HandlerServices extends ResourceServices {
  readonly parts: RegistryParts;
  readonly resources: Resources;
  readonly tokens: readonly TokenReader[];
  readonly authorizer: Authorizer;
  readonly discovery: Discovery;
  /** `/openid/v1/jwks` */
  readonly tokenKeys: () => object;
  /** `/.well-known/openid-configuration` */
  readonly tokenIssuer: () => object;
  readonly metrics: RequestMetrics;
  /** Begins the audit events of a request; absent where nothing is written. */
  readonly audit?: ReturnType<typeof auditing>;
}

/** Set while a request is answered, for its caller. */
interface Trail {
  /** The request's audit events; absent until its user is known, undefined if none are written. */
  audit?: Audit | undefined;
}

export type Handler = (request: ApiRequest) => Promise<ApiResponse>;

/** The chain of a real server: who asks, as whom, may they, and then what is asked. Never throws. */
export function handler(services: HandlerServices): Handler {
  return async (request) => {
    const warnings = new Warnings();
    const info = requestInfo(request.method, request.path, request.query);
    const { resources, metrics, audit } = services;
    const counted = metrics.begin(request, info, info.isResource && resources.find(info.group, info.version, info.resource) !== undefined);
    const trail: Trail = {};
    let response: ApiResponse;
    try {
      response = await answer(request, info, services, warnings, trail);
    } catch (error) {
      response = await refusedAs(asStatus(error), header(request, "accept"));
      // Refused before the user was known.
      if (!("audit" in trail)) trail.audit = audit?.({ request, info, user: undefined, impersonated: undefined });
    }
    if (info.isResource) response = await afterWrites(services.parts, response, header(request, "accept"));
    if (trail.audit) response = trail.audit.answered(response);
    counted(response);
    if (warnings.texts.length > 0) response = { ...response, headers: { ...response.headers, warning: warnings.texts.map(warningHeader) } };
    return request.method === "HEAD" && response.body !== undefined ? { ...response, body: "" } : response;
  };
}

/** Waits until the store's journal keeps all writes so far: the response may show them. A write that cannot be kept is refused. */
async function afterWrites({ store }: RegistryParts, response: ApiResponse, accept: string | undefined): Promise<ApiResponse> {
  const writes = store.settled();
  if (!writes) return response;
  try {
    await writes;
    return response;
  } catch (error) {
    return refusedAs(asStatus(error), accept);
  }
}

function asStatus(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  return internal(error instanceof Error ? error.message : String(error));
}

async function answer(
  request: ApiRequest,
  info: RequestInfo,
  services: HandlerServices,
  warnings: Warnings,
  trail: Trail,
): Promise<ApiResponse> {
  const asked = authenticate(request, services.tokens);
  const attributes = attributesOf(info, request);
  const user = impersonate(request, asked, services.authorizer, attributes);
  trail.audit = services.audit?.({ request, info, user: asked, impersonated: user === asked ? undefined : user });
  const reason = services.authorizer.reason(user, attributes);
  trail.audit?.decided(reason !== undefined, reason ?? "");
  if (reason === undefined) throw denial(user, attributes);
  if (!info.isResource) return nonResource(request, services);
  return resource(request, info, user, services, warnings, trail);
}

function attributesOf(info: RequestInfo, request: ApiRequest): Attributes {
  const { verb, isResource, group, version, resource, subresource, namespace, path } = info;
  return { verb, isResource, group, version, resource, subresource, namespace, name: info.name || selectedName(info, request), path };
}

/** A list or watch of one name is allowed to whom that name is allowed. */
function selectedName({ verb }: RequestInfo, { query }: ApiRequest): string {
  if (verb !== "list" && verb !== "watch" && verb !== "deletecollection") return "";
  const match = /(?:^|,)metadata\.name==?([^,]+)(?:,|$)/.exec(query.get("fieldSelector") ?? "");
  return match?.[1] ?? "";
}

async function resource(
  request: ApiRequest,
  info: RequestInfo,
  user: UserInfo,
  services: HandlerServices,
  warnings: Warnings,
  trail: Trail,
): Promise<ApiResponse> {
  const { resources, authorizer } = services;
  const found = resources.find(info.group, info.version, info.resource);
  if (!found) {
    if (!resources.hasBuiltInGroup(info.group)) return pageNotFound();
    throw noSuchResource();
  }
  if (found.deprecation !== undefined) warnings.add(found.deprecation);
  const caller: Caller = {
    user,
    userAgent: header(request, "user-agent") ?? "",
    warn: warnings.add,
    annotate: trail.audit?.annotate,
    allowed(verb) {
      const attributes = { ...attributesOf(info, request), verb };
      if (!authorizer.allows(user, attributes)) throw denial(user, attributes);
    },
    signal: request.signal,
  };
  return handleResource(request, info, found, caller, services);
}

async function nonResource(request: ApiRequest, services: HandlerServices): Promise<ApiResponse> {
  const { path, query } = request;
  if (request.method !== "GET" && request.method !== "HEAD") {
    const known = path.startsWith("/api") || path.startsWith("/openapi") || path === "/version";
    if (!known) return pageNotFound();
    throw methodNotAllowed();
  }
  if (path === "/version" || path === "/version/") return prettyJson(200, version);
  const checked = health(path, query);
  if (checked) return checked;
  if (path === "/") return prettyJson(200, { paths: paths(services) });
  if (path === "/openid/v1/jwks")
    return {
      status: 200,
      headers: { "content-type": "application/jwk-set+json" },
      body: Buffer.from(JSON.stringify(services.tokenKeys())),
    };
  if (path === "/.well-known/openid-configuration")
    return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(services.tokenIssuer())) };
  if (path === "/metrics") return services.metrics.page();
  const found = await services.discovery.answer(request);
  if (found) return found;
  const group = /^\/apis\/([^/]+)\//.exec(path)?.[1];
  if (path.startsWith("/api/") || (group !== undefined && services.resources.hasGroup(group))) {
    throw refusal({ code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: {} });
  }
  return pageNotFound();
}

function paths({ resources }: HandlerServices): string[] {
  const found = new Set([
    "/.well-known/openid-configuration",
    "/api",
    "/api/v1",
    "/apis",
    "/healthz",
    "/livez",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/openid/v1/jwks",
    "/readyz",
    "/version",
  ]);
  for (const { group, version } of resources.all()) {
    if (group === "") continue;
    found.add(`/apis/${group}`);
    found.add(`/apis/${group}/${version}`);
  }
  return [...found].sort();
}
