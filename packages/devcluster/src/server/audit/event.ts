import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { Annotate, UserInfo } from "../../registry/index.ts";
import { type ApiRequest, type ApiResponse, header } from "../request.ts";
import type { RequestInfo } from "../request-info.ts";
import type { AuditLog } from "./log.ts";
import type { AuditPolicy, Level, Stage } from "./policy.ts";

/** What is known of a request when its first event may be written. */
export interface AuditedRequest {
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  /** The authenticated user; undefined if authentication failed. */
  readonly user: UserInfo | undefined;
  /** The user that the caller impersonates, if any. */
  readonly impersonated: UserInfo | undefined;
}
/** One request's events. */
export interface Audit {
  readonly id: string;
  /** What the authorizer said. */
  decided(allowed: boolean, reason: string): void;
  /** Keeps what admission has to say. Keys must be qualified names with a prefix; others are left out, as Kubernetes does. */
  readonly annotate: Annotate;
  /** Writes the response; of a stream, its start and its end. Gives the response the `Audit-Id` header. */
  answered(response: ApiResponse): ApiResponse;
}

/** A DNS subdomain and a name of up to 63 characters. */
const QUALIFIED = /^(?=.{1,253}\/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;

/** Begins the events of a request; undefined if the policy writes none for it. */
export function auditing(policy: AuditPolicy, log: AuditLog): (audited: AuditedRequest) => Audit | undefined {
  return ({ request, info, user, impersonated }) => {
    const { username = "system:anonymous", groups = ["system:unauthenticated"] } = user ?? {};
    const { level, omitStages, omitManagedFields } = policy({ ...info, user: username, groups });
    if (level === "None") return undefined;
    const id = header(request, "audit-id") ?? randomUUID();
    const query = request.query.toString();
    const annotations: Record<string, string> = {};
    const event = {
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level,
      auditID: id,
      requestURI: query === "" ? request.path : `${request.path}?${query}`,
      verb: info.verb,
      user: { ...user, username, groups },
      ...(impersonated ? { impersonatedUser: impersonated } : {}),
      ...(request.remoteAddress ? { sourceIPs: [request.remoteAddress] } : {}),
      userAgent: header(request, "user-agent") ?? "",
      ...(info.isResource ? { objectRef: referenceOf(info) } : {}),
      requestReceivedTimestamp: microTime(),
    };
    const write = (stage: Stage, more: object = {}): void => {
      if (omitStages.has(stage)) return;
      const noted = Object.keys(annotations).length > 0 ? { annotations: { ...annotations } } : {};
      log.write({ ...event, stage, ...more, stageTimestamp: microTime(), ...noted });
    };
    write("RequestReceived");
    return {
      id,
      decided(allowed, reason) {
        annotations["authorization.k8s.io/decision"] = allowed ? "allow" : "forbid";
        annotations["authorization.k8s.io/reason"] = reason;
      },
      annotate(key, value, from = "Metadata") {
        if (from === "Request" && level === "Metadata") return;
        if (QUALIFIED.test(key) && !(key in annotations)) annotations[key] = value;
      },
      answered(response) {
        const asked = bodies(level, "Request", "requestObject", request.body, omitManagedFields);
        if (response.stream) {
          const responseStatus = { metadata: {}, code: response.status };
          write("ResponseStarted", { responseStatus, ...asked });
          request.signal.addEventListener("abort", () => write("ResponseComplete", { responseStatus, ...asked }), { once: true });
        } else {
          const given = bodies(level, "RequestResponse", "responseObject", response.body, omitManagedFields);
          write("ResponseComplete", { responseStatus: statusOf(response), ...asked, ...given });
        }
        return { ...response, headers: { ...response.headers, "audit-id": id } };
      },
    };
  };
}

function referenceOf({ group, version, resource, subresource, namespace, name }: RequestInfo): object {
  const fields = { resource, namespace, name, apiGroup: group, apiVersion: version, subresource };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}

/** The response's code, and of a failure the message, reason and details of its Status. */
function statusOf({ status, body }: ApiResponse): object {
  const found = status >= 400 ? parsed(body) : undefined;
  const { message, reason, details } = (found ?? {}) as Record<string, unknown>;
  return { metadata: {}, ...(found ? { status: "Failure", message, reason, details } : {}), code: status };
}

/** A body as an object, where the level wants it and it is JSON. */
function bodies(level: Level, from: Level, field: string, body: Uint8Array | string | undefined, bare: boolean): object {
  if (level !== "RequestResponse" && level !== from) return {};
  const value = parsed(body);
  if (value === undefined) return {};
  return { [field]: bare ? withoutManagedFields(value) : value };
}

function parsed(body: Uint8Array | string | undefined): unknown {
  if (body === undefined || body.length === 0) return undefined;
  try {
    return JSON.parse(typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
  } catch {
    return undefined;
  }
}

function withoutManagedFields(value: unknown): unknown {
  const object = value as { metadata?: object; items?: unknown[] };
  if (typeof object !== "object" || object === null) return value;
  const { metadata, items } = object;
  return {
    ...object,
    ...(metadata ? { metadata: { ...metadata, managedFields: undefined } } : {}),
    ...(Array.isArray(items) ? { items: items.map(withoutManagedFields) } : {}),
  };
}

/** `2026-01-02T03:04:05.678901Z` */
function microTime(): string {
  const now = performance.timeOrigin + performance.now();
  const micros = Math.floor((now % 1) * 1000);
  return new Date(now).toISOString().replace("Z", `${String(micros).padStart(3, "0")}Z`);
}
