import type { KubeObject } from "../api/index.ts";
import type { AdmissionAnswer, AdmissionRequest } from "./review.ts";

/** What comes with a review beside the request itself. */
export interface ReviewContext {
  /** Milliseconds that the API server waits, from when it sent the review; `undefined` when it did not say. */
  readonly timeoutMs: number | undefined;
  /** Ends when the caller has gone or its time is up. */
  readonly signal: AbortSignal;
}

type MaybePromise<T> = T | Promise<T>;
/**
 * Decides one request. `undefined` allows it unchanged. What is thrown refuses it: a `StatusError` as it is, anything
 * else as 500. `request.object` may be changed and returned; of what is copied, copy all that is changed.
 */
export type AdmissionHandler<T extends object = KubeObject> = (
  request: AdmissionRequest<T>,
  context: ReviewContext,
) => MaybePromise<AdmissionAnswer | undefined>;
/** Gives `object` in `desiredAPIVersion`. Only labels and annotations of the metadata may change. What is thrown fails the conversion. */
export type ConversionHandler = (object: KubeObject, desiredAPIVersion: string, context: ReviewContext) => MaybePromise<KubeObject>;

/** A handler and the path under which it is called. */
export type Webhook =
  | { readonly path: string; readonly type: "mutate" | "validate"; readonly handler: AdmissionHandler<never> }
  | { readonly path: string; readonly type: "convert"; readonly handler: ConversionHandler };

/** A webhook that may change objects. */
export function mutate<T extends object = KubeObject>(path: string, handler: AdmissionHandler<T>): Webhook {
  return { path: checked(path), type: "mutate", handler: handler as AdmissionHandler<never> };
}

/** A webhook that only allows or refuses; a change that its handler returns is an error. */
export function validate<T extends object = KubeObject>(path: string, handler: AdmissionHandler<T>): Webhook {
  return { path: checked(path), type: "validate", handler: handler as AdmissionHandler<never> };
}

/** A webhook that converts custom resources between their versions. */
export function convert(path: string, handler: ConversionHandler): Webhook {
  return { path: checked(path), type: "convert", handler };
}

/**
 * The usual path of a webhook: `/mutate-<group, dots as dashes>-<version>-<kind>`, lower case. The core group is empty:
 * `/mutate--v1-pod`.
 */
export function webhookPath(type: "mutate" | "validate", apiVersion: string, kind: string): string {
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  return `/${type}-${group?.replaceAll(".", "-")}-${version}-${kind.toLowerCase()}`;
}

function checked(path: string): string {
  if (!/^\/[^?#\s]*$/.test(path)) throw new TypeError(`${JSON.stringify(path)} is not a path: begin it with "/" and leave out "?" and "#"`);
  return path;
}
