import { randomUUID } from "node:crypto";
import type { Cause, Draft, KubeObject, Resource, Status } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import { answerReview, type HttpAnswer } from "./answer.ts";
import type { Webhook } from "./handler.ts";
import { hooksOf } from "./hooks.ts";
import type { Operation, WebhookPlan } from "./resource-webhook.ts";
import type { ReviewUser } from "./review.ts";

/** What an offline review is made of beside the object. */
export interface OfflineOptions {
  /** Default: UPDATE where `old` is given, CREATE otherwise. */
  readonly operation?: Operation;
  /** The stored object. */
  readonly old?: object;
  readonly user?: ReviewUser;
  readonly dryRun?: boolean;
  /** Default: the object's. */
  readonly namespace?: string;
  /** What the hooks get as `ctx.client`. */
  readonly client?: Client;
}

/** What becomes of an object that goes through the hooks. */
export interface Admitted<R extends Resource = Resource> {
  readonly allowed: boolean;
  /** As the defaulter left it. */
  readonly object: Draft<R>;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
  /** Why it was refused: as kubectl shows it, after `admission webhook "…" denied the request: `. */
  readonly message: string | undefined;
  readonly causes: readonly Cause[];
  /** HTTP code of the refusal. */
  readonly code: number | undefined;
}

interface ReviewResponse {
  readonly allowed: boolean;
  readonly status?: Partial<Status>;
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** Puts an object through a plan's hooks as an API server would, by reviews in JSON, without a server. What a hook threw is thrown. */
export async function admitOffline<R extends Resource>(
  plan: WebhookPlan,
  given: object,
  options: OfflineOptions = {},
): Promise<Admitted<R>> {
  const { operation = options.old ? "UPDATE" : "CREATE" } = options;
  const { handlers } = hooksOf(plan, () => {
    if (options.client) return options.client;
    throw new Error("the hook uses ctx.client, and is tried without one: give admit() a client");
  });
  let object = withKind(plan, given);
  const warnings: string[] = [];
  let auditAnnotations: Record<string, string> = {};
  let refusal: Partial<Status> | undefined;
  for (const handler of handlers) {
    if (refusal || !isAsked(plan, handler, operation)) continue;
    const answer = await answerReview(handler, JSON.stringify(review(plan, object, operation, options)), {
      timeoutMs: undefined,
      signal: new AbortController().signal,
    });
    const response = responseOf(answer);
    warnings.push(...(response.warnings ?? []));
    auditAnnotations = { ...auditAnnotations, ...response.auditAnnotations };
    if (!response.allowed) refusal = response.status ?? {};
    else if (answer.object !== undefined) object = patched(object, answer.object);
  }
  return {
    allowed: refusal === undefined,
    object: object as unknown as Draft<R>,
    warnings,
    auditAnnotations,
    message: refusal?.message,
    causes: refusal?.details?.causes ?? [],
    code: refusal?.code,
  };
}

function isAsked({ validator }: WebhookPlan, { type }: Webhook, operation: Operation): boolean {
  if (type === "mutate") return operation !== "DELETE";
  return type === "validate" && validator?.operations.includes(operation) === true;
}

function withKind({ resource: { apiVersion, kind } }: WebhookPlan, given: object): KubeObject {
  return { apiVersion, kind, metadata: {}, ...structuredClone(given) } as KubeObject;
}

function review(plan: WebhookPlan, object: KubeObject, operation: Operation, { old, user, dryRun, namespace }: OfflineOptions): object {
  const { resource } = plan;
  const slash = resource.apiVersion.indexOf("/");
  const [group, version] = [resource.apiVersion.slice(0, Math.max(slash, 0)), resource.apiVersion.slice(slash + 1)];
  const place = namespace ?? object.metadata.namespace ?? (resource.scope === "Namespaced" ? "default" : undefined);
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: randomUUID(),
      kind: { group, version, kind: resource.kind },
      resource: { group, version, resource: resource.plural },
      name: object.metadata.name,
      ...(place === undefined ? {} : { namespace: place }),
      operation,
      userInfo: user ?? {},
      object: operation === "DELETE" ? null : object,
      oldObject: operation === "DELETE" ? withKind(plan, old ?? object) : old ? withKind(plan, old) : null,
      dryRun: dryRun ?? false,
    },
  };
}

function responseOf({ body, error }: HttpAnswer): ReviewResponse {
  // A test wants the hook's own error, with its stack.
  if (error !== undefined) throw error;
  const { response, message } = JSON.parse(body) as { readonly response?: ReviewResponse; readonly message?: string };
  if (!response) throw new Error(message ?? "the hook gave no answer");
  return response;
}

/** What the patch of an answer makes of the object that was sent: the handler's object in JSON, with the managed fields as they were. */
function patched({ metadata: { managedFields } }: KubeObject, made: KubeObject): KubeObject {
  const object = JSON.parse(JSON.stringify(made)) as KubeObject;
  if (managedFields) object.metadata.managedFields = managedFields;
  else delete object.metadata.managedFields;
  return object;
}
