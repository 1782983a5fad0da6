import type { KubeObject, Status } from "../api/index.ts";
import { StatusError } from "../client/index.ts";
import { createJsonPatch, type JsonPatchOperation, patchBase64 } from "../patch/index.ts";
import type { ReviewContext, Webhook } from "./handler.ts";
import { isObject, parseJson } from "./json.ts";
import { type AdmissionAnswer, type AdmissionRequest, UndecidedError } from "./review.ts";

/** An answer as it goes over the wire; the body is always JSON. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** What the handler threw, where it did: the answer is a refusal, and somebody should hear of it. */
  readonly error?: unknown;
  /** The handler's object, where the answer has a patch that was made from it. */
  readonly object?: KubeObject;
}

/**
 * Answers one review: the body of an AdmissionReview or ConversionReview in, the body of the answer out; at once where the
 * handler answers at once.
 *
 * Guarantees
 * - Never throws, never rejects. A body that is no review of a known version is a 400 with a Status; everything else is a review of the
 *   request's own version and uid, also when the handler throws.
 * - A handler that throws an `UndecidedError` has no answer: 503, and the API server does what the failure policy says.
 * - The patch, applied to the object as it was sent, gives exactly the handler's object; `metadata.managedFields` are
 *   left alone, and nothing is sent where nothing changed.
 */
export function answerReview(webhook: Webhook, body: Uint8Array | string, context: ReviewContext): HttpAnswer | Promise<HttpAnswer> {
  const text = typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  if (text.length === 0) return refuse(400, "the body is empty: an AdmissionReview or ConversionReview is expected");
  let review: unknown;
  try {
    review = parseJson(text);
  } catch (error) {
    return refuse(400, `the body is not JSON: ${(error as Error).message}`);
  }
  const [group, kind] = webhook.type === "convert" ? ["apiextensions.k8s.io", "ConversionReview"] : ["admission.k8s.io", "AdmissionReview"];
  if (!isObject(review) || review["kind"] !== kind || !versions(group).has(review["apiVersion"])) {
    return refuse(400, `a ${kind} of ${group}/v1 or ${group}/v1beta1 is expected`);
  }
  const request = review["request"];
  if (!isObject(request)) return refuse(400, `the ${kind} has no request`);
  const { uid } = request;
  if (typeof uid !== "string") return refuse(400, "request.uid must be a string");
  const problem = webhook.type === "convert" ? conversionProblem(request) : admissionProblem(request);
  if (problem) return refuse(400, problem);
  const finish = (response: Response): HttpAnswer =>
    response.error instanceof UndecidedError
      ? refuse(503, response.error.message)
      : written(webhook, response, { apiVersion: review["apiVersion"], kind, uid });
  const response =
    webhook.type === "convert"
      ? converted(webhook, request as unknown as { objects: KubeObject[]; desiredAPIVersion: string }, context)
      : admitted(webhook, request as unknown as AdmissionRequest, text, context);
  return response instanceof Promise ? response.then(finish) : finish(response);
}

function written(
  webhook: Webhook,
  { error, object, ...fields }: Response,
  { apiVersion, kind, uid }: { readonly apiVersion: unknown; readonly kind: string | undefined; readonly uid: string },
): HttpAnswer {
  // The patch is base64, which needs no escaping: joined in, since looking through it costs as much as making it.
  const answer = ({ patch, ...content }: Response): string => {
    const whole = JSON.stringify({ apiVersion, kind, response: { uid, ...content } });
    return patch === undefined ? whole : `${whole.slice(0, -2)},"patch":"${patch as string}"}}`;
  };
  try {
    const whole: HttpAnswer = { status: 200, body: answer(fields) };
    if (error !== undefined) return { ...whole, error };
    return object === undefined ? whole : { ...whole, object };
  } catch (unserializable) {
    return { status: 200, body: answer(failure(webhook, unserializable)), error: unserializable };
  }
}

/** A refusal to read a request at all, as a Status. */
export function refuse(code: number, message: string): HttpAnswer {
  const status: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: REASON[code] ?? "BadRequest",
    code,
  };
  return { status: code, body: JSON.stringify(status) };
}
const REASON: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  404: "NotFound",
  405: "MethodNotAllowed",
  408: "Timeout",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  503: "ServiceUnavailable",
};

const ADMISSION_VERSIONS = new Set<unknown>(["admission.k8s.io/v1", "admission.k8s.io/v1beta1"]);
const CONVERSION_VERSIONS = new Set<unknown>(["apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"]);
const versions = (group: string | undefined): Set<unknown> => (group === "admission.k8s.io" ? ADMISSION_VERSIONS : CONVERSION_VERSIONS);

function admissionProblem(request: Record<string, unknown>): string | undefined {
  for (const field of ["object", "oldObject"]) {
    const value = request[field];
    if (value !== undefined && value !== null && !isObject(value)) return `request.${field} must be an object`;
  }
  return typeof request["operation"] === "string" ? undefined : "request.operation must be a string";
}

function conversionProblem(request: Record<string, unknown>): string | undefined {
  const { objects, desiredAPIVersion } = request;
  if (typeof desiredAPIVersion !== "string") return "request.desiredAPIVersion must be a string";
  return Array.isArray(objects) && objects.every(isObject) ? undefined : "request.objects must be a list of objects";
}

interface Response {
  readonly error?: unknown;
  readonly object?: KubeObject | undefined;
  readonly [field: string]: unknown;
}

function admitted(
  webhook: Webhook & { type: "mutate" | "validate" },
  request: AdmissionRequest,
  text: string,
  context: ReviewContext,
): Response | Promise<Response> {
  const failed = (error: unknown): Response => ({ ...failure(webhook, error), error });
  try {
    const pending = webhook.handler(request as AdmissionRequest<never>, context);
    if (!(pending instanceof Promise)) return judged(webhook, pending, request, text);
    return pending.then((answer) => judged(webhook, answer, request, text)).catch(failed);
  } catch (error) {
    return failed(error);
  }
}

function judged(webhook: Webhook, answer: AdmissionAnswer | undefined, request: AdmissionRequest, text: string): Response {
  if (answer === undefined) return { allowed: true };
  const notes = {
    ...(answer.warnings?.length ? { warnings: answer.warnings } : {}),
    ...(answer.auditAnnotations ? { auditAnnotations: answer.auditAnnotations } : {}),
  };
  if (!answer.allowed) return { allowed: false, status: answer.status, ...notes };
  const operations = changes(answer, request, text);
  if (operations.length === 0) return { allowed: true, ...notes };
  if (webhook.type === "validate")
    throw new Error(`${webhook.path} only validates, but its handler changed the object: declare it with mutate()`);
  const object = answer.patch ? undefined : (answer.object as KubeObject | undefined);
  return { allowed: true, patchType: "JSONPatch", patch: patchBase64(operations), object, ...notes };
}

function changes(answer: AdmissionAnswer & { allowed: true }, request: AdmissionRequest, text: string): readonly JsonPatchOperation[] {
  if (answer.patch) return answer.patch;
  if (answer.object === undefined) return [];
  // A handler that changed what it was given has left nothing to compare with: read it once more.
  const sent = answer.object === request.object ? (parseJson(text) as { request: AdmissionRequest }).request.object : request.object;
  return createJsonPatch(sent ?? {}, answer.object).filter(({ path }) => !/^\/metadata\/managedFields(\/|$)/.test(path));
}

async function converted(
  webhook: Webhook & { type: "convert" },
  { objects, desiredAPIVersion }: { objects: KubeObject[]; desiredAPIVersion: string },
  context: ReviewContext,
): Promise<Response> {
  try {
    const convertedObjects: KubeObject[] = [];
    for (const object of objects) {
      const result = object.apiVersion === desiredAPIVersion ? object : webhook.handler(object, desiredAPIVersion, context);
      convertedObjects.push(result instanceof Promise ? await result : result);
    }
    return { convertedObjects, result: { status: "Success" } };
  } catch (error) {
    return { ...failure(webhook, error), error };
  }
}

function failure(webhook: Webhook, error: unknown): Response {
  const status = error instanceof StatusError ? error.status : undefined;
  const message = status?.message ?? (error instanceof Error ? error.message : String(error));
  if (webhook.type === "convert") return { convertedObjects: [], result: { status: "Failure", message } };
  return { allowed: false, status: status ?? { status: "Failure", message, reason: "InternalError", code: 500 } };
}
