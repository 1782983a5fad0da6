import type { Cause, KubeObject } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import type { WebhookEntry } from "./configuration.ts";
import { type AdmissionHandler, convert, mutate, type ReviewContext, validate, type Webhook, webhookPath } from "./handler.ts";
import type { AdmissionContext, Operation, Problem, WebhookPlan } from "./resource-webhook.ts";
import { type AdmissionAnswer, type AdmissionRequest, allow, change, invalid } from "./review.ts";

/** What a plan serves, and how each of it is registered. */
export interface Hooks {
  readonly handlers: readonly Webhook[];
  readonly mutating: WebhookEntry | undefined;
  readonly validating: WebhookEntry | undefined;
  readonly conversionPath: string | undefined;
}

/** @param client what hooks get as `ctx.client`. */
export function hooksOf(plan: WebhookPlan, client: () => Client): Hooks {
  const { resource, options, defaulter, validator } = plan;
  const { name, reinvocationPolicy, excludedNamespaces: _, ...shared } = options;
  const path = (type: "mutate" | "validate"): string =>
    `${webhookPath(type, resource.apiVersion, resource.kind)}${name === undefined ? "" : `-${name}`}`;
  const entry = (verb: string, at: string, operations: readonly Operation[]): WebhookEntry => ({
    ...shared,
    name: entryName(plan, verb),
    path: at,
    rules: [{ ...groupVersion(plan), operations, resources: [resource.plural], scope: resource.scope }],
  });
  const handlers: Webhook[] = [];
  if (defaulter) handlers.push(mutate(path("mutate"), mutating(plan, client)));
  if (validator) handlers.push(validate(path("validate"), validating(plan, client)));
  const conversionPath = plan.convert && conversionPathOf(plan);
  if (plan.convert && conversionPath) {
    const run = plan.convert;
    handlers.push(convert(conversionPath, (object, apiVersion) => run(object, apiVersion)));
  }
  return {
    handlers,
    mutating: defaulter && {
      ...entry("default", path("mutate"), ["CREATE", "UPDATE"]),
      ...(reinvocationPolicy ? { reinvocationPolicy } : {}),
    },
    validating: validator && entry("validate", path("validate"), validator.operations),
    conversionPath,
  };
}

function groupVersion({ resource: { apiVersion } }: WebhookPlan): { readonly apiGroups: [string]; readonly apiVersions: [string] } {
  const [first = "", version] = apiVersion.split("/");
  return version === undefined ? { apiGroups: [""], apiVersions: [first] } : { apiGroups: [first], apiVersions: [version] };
}

/** `default.deployments.apps`, `sizes.validate.pods.core`: a domain of three parts at least. */
function entryName(plan: WebhookPlan, verb: string): string {
  const [group] = groupVersion(plan).apiGroups;
  const { name } = plan.options;
  return [...(name === undefined ? [] : [name]), verb, plan.resource.plural, group || "core"].join(".");
}

function conversionPathOf(plan: WebhookPlan): string {
  const [group] = groupVersion(plan).apiGroups;
  return `/convert-${group.replaceAll(".", "-")}-${plan.resource.kind.toLowerCase()}`;
}

function mutating({ defaulter }: WebhookPlan, client: () => Client): AdmissionHandler {
  return (request, context) => {
    const object = request.object;
    if (!object || isLeaving(object)) return allow();
    const takeAway = fillNamespace(request, object);
    const notes = new Notes();
    const done = defaulter!(object as never, notes.context(request, context, client) as never) as unknown;
    const answer = (changed: unknown): AdmissionAnswer => {
      if (changed !== undefined && changed !== object) replace(object, changed as KubeObject);
      takeAway();
      return change(object, notes.said);
    };
    return done instanceof Promise ? done.then(answer) : answer(done);
  };
}

function validating({ validator }: WebhookPlan, client: () => Client): AdmissionHandler {
  return (request, context) => {
    const object = request.operation === "DELETE" ? request.oldObject : request.object;
    if (!object || (request.operation === "UPDATE" && isLeaving(object))) return allow();
    fillNamespace(request, object);
    const notes = new Notes();
    const done = validator!.run(object as never, notes.context(request, context, client) as never) as unknown;
    const answer = (said: unknown): AdmissionAnswer => judgement(said, notes.said);
    return done instanceof Promise ? done.then(answer) : answer(done);
  };
}

function judgement(said: unknown, notes: Said): AdmissionAnswer {
  if (said === undefined || said === null) return allow(notes);
  if (typeof said === "object" && "allowed" in said) return { ...notes, ...(said as AdmissionAnswer) };
  const problems = (Array.isArray(said) ? said : [said]) as readonly Problem[];
  return problems.length === 0 ? allow(notes) : invalid(problems.map(cause), notes);
}

function cause(problem: Problem): Cause {
  return typeof problem === "string" ? { reason: "FieldValueInvalid", message: problem } : { reason: "FieldValueInvalid", ...problem };
}

/** An update of an object that is being deleted: whatever a hook wants of it, its finalizers must be able to go. */
function isLeaving({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** API servers may leave the namespace out of what is created. Returns what undoes it, since nobody changed it. */
function fillNamespace({ namespace }: AdmissionRequest, { metadata }: KubeObject): () => void {
  if (!namespace || metadata.namespace) return () => {};
  metadata.namespace = namespace;
  return () => {
    if (metadata.namespace === namespace) delete metadata.namespace;
  };
}

/** In place: the answer is the difference between what was sent and this very object. */
function replace(object: KubeObject, other: KubeObject): void {
  const content = { ...other };
  for (const key of Object.keys(object)) delete object[key];
  Object.assign(object, content);
}

interface Said {
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** What a hook says beside its judgement. */
class Notes {
  readonly #warnings: string[] = [];
  readonly #audited: Record<string, string> = {};

  get said(): Said {
    return {
      ...(this.#warnings.length > 0 ? { warnings: this.#warnings } : {}),
      ...(Object.keys(this.#audited).length > 0 ? { auditAnnotations: this.#audited } : {}),
    };
  }

  context(request: AdmissionRequest, review: ReviewContext, client: () => Client): AdmissionContext {
    return {
      operation: request.operation as Operation,
      old: (request.oldObject as never) ?? undefined,
      user: request.userInfo ?? {},
      dryRun: request.dryRun ?? false,
      request,
      get client() {
        return client();
      },
      get signal() {
        return review.signal;
      },
      warn: (text) => void this.#warnings.push(text),
      audit: (key, value) => {
        this.#audited[key] = value;
      },
    };
  }
}
