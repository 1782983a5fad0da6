import type { Cause, DeepReadonly, Draft, KubeObject, Resource } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import type { LabelSelectorTerms, WebhookEntry } from "./configuration.ts";
import { type Admitted, admitOffline, type OfflineOptions } from "./offline.ts";
import type { AdmissionAnswer, AdmissionRequest, ReviewUser } from "./review.ts";

type MaybePromise<T> = T | Promise<T>;
/** An operation that a webhook can be called for. */
export type Operation = "CREATE" | "UPDATE" | "DELETE";

/** What a hook is told beside the object. */
export interface AdmissionContext<R extends Resource = Resource> {
  readonly operation: Operation;
  /** The stored object, of an update or a deletion. */
  readonly old: DeepReadonly<Draft<R>> | undefined;
  /** Who asked. */
  readonly user: ReviewUser;
  /** Nothing will be stored: have no side effects. */
  readonly dryRun: boolean;
  /** Straight to the API server; throws where a hook is tried offline without one. */
  readonly client: Client;
  /** Ends when the API server does not wait any more. */
  readonly signal: AbortSignal;
  /** The whole request. */
  readonly request: AdmissionRequest;
  /** Shown to the user by kubectl. */
  warn(text: string): void;
  /** For the API server's audit log. */
  audit(key: string, value: string): void;
}

/** Changes the object in place, or returns another; returning nothing keeps what it changed. */
export type Defaulter<R extends Resource> = (
  object: Draft<R>,
  ctx: AdmissionContext<R>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook without a return statement is the usual one.
) => MaybePromise<Draft<R> | void>;

/** What is wrong with an object: a text, or a field with a text. */
export type Problem = string | (Omit<Cause, "reason"> & { readonly reason?: string });

/**
 * Says what is wrong with the object; nothing, or an empty list, where it is good. `deny(…)` and the like are taken too. What
 * is thrown is no judgement: the request is refused with 500, or with the StatusError that was thrown, and the log has it.
 */
export type Validator<R extends Resource> = (
  object: DeepReadonly<Draft<R>>,
  ctx: AdmissionContext<R>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook without a return statement is the usual one.
) => MaybePromise<Problem | readonly Problem[] | AdmissionAnswer | void>;

/** How a webhook is registered; what is left out follows from the kind. */
export interface WebhookOptions {
  /** Tells several webhooks of one kind apart: a DNS label. */
  readonly name?: string;
  readonly namespaceSelector?: LabelSelectorTerms;
  readonly objectSelector?: LabelSelectorTerms;
  readonly matchConditions?: NonNullable<WebhookEntry["matchConditions"]>;
  readonly matchPolicy?: NonNullable<WebhookEntry["matchPolicy"]>;
  /** Whether requests are refused while the webhook cannot be reached. Default Fail. */
  readonly failurePolicy?: NonNullable<WebhookEntry["failurePolicy"]>;
  /** 1 to 30. Default 5. */
  readonly timeoutSeconds?: number;
  /** Call the defaulter once more when a later webhook changed the object. Default Never. */
  readonly reinvocationPolicy?: NonNullable<WebhookEntry["reinvocationPolicy"]>;
  /** Namespaces that are never sent, beside kube-system and, in a cluster, the operator's own. */
  readonly excludedNamespaces?: readonly string[];
}

/** When a validator is called. */
export interface ValidateOptions {
  /** Default CREATE and UPDATE. Of a deletion the hook gets the object that is to go. */
  readonly operations?: readonly Operation[];
}

/** A kind's hooks, for a manager: `manager({ webhooks: [webhook(Deployment).default(…).validate(…)] })`. */
export interface ResourceWebhook<R extends Resource = Resource> {
  readonly plan: WebhookPlan;
  /**
   * Tries the hooks on an object without a cluster, through the same code that answers API servers: the defaulter, then
   * the validator. For tests.
   */
  admit(object: object, options?: OfflineOptions): Promise<Admitted<R>>;
}

/** What a webhook consists of, without its types. */
export interface WebhookPlan {
  readonly resource: Resource;
  readonly options: WebhookOptions;
  readonly defaulter: Defaulter<never> | undefined;
  readonly validator: { readonly run: Validator<never>; readonly operations: readonly Operation[] } | undefined;
  /** Of a kind with several versions: serves its conversion too. */
  readonly convert: ((object: KubeObject, apiVersion: string) => KubeObject) | undefined;
}

export interface WebhookBuilder<R extends Resource> extends ResourceWebhook<R> {
  /** Called for CREATE and UPDATE, before validation. Not for an object that is being deleted. */
  default(run: Defaulter<R>): WebhookBuilder<R>;
  /** Not called for the update of an object that is being deleted, so that its finalizers can go. */
  validate(run: Validator<R>, options?: ValidateOptions): WebhookBuilder<R>;
}

/**
 * Begins the webhook of a kind. Path, rules, certificate, registration and RBAC follow from it once a manager has it; of a
 * kind made by `withVersions` it also serves the conversion between the versions.
 *
 * @throws TypeError for a name that is no DNS label.
 */
export function webhook<R extends Resource>(resource: R, options: WebhookOptions = {}): WebhookBuilder<R> {
  const { name } = options;
  if (name !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    throw new TypeError(`the webhook's name ${JSON.stringify(name)} must be a DNS label: small letters, digits and dashes`);
  const convert =
    "convert" in resource && typeof resource.convert === "function" ? (resource.convert as WebhookPlan["convert"]) : undefined;
  return build<R>({ resource, options, defaulter: undefined, validator: undefined, convert });
}

function build<R extends Resource>(plan: WebhookPlan): WebhookBuilder<R> {
  return {
    plan,
    default: (run) => build({ ...plan, defaulter: run as Defaulter<never> }),
    validate: (run, options = {}) =>
      build({ ...plan, validator: { run: run as Validator<never>, operations: options.operations ?? ["CREATE", "UPDATE"] } }),
    admit: (object, options) => admitOffline<R>(plan, object, options),
  };
}

/** Tells a webhook of a kind from a service of its own. */
export function isResourceWebhook(value: object): value is ResourceWebhook {
  return "plan" in value && typeof value.plan === "object" && "admit" in value;
}
