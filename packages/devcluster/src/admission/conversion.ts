import { randomUUID } from "node:crypto";
import type { KubeObject } from "@outrigger/kit/api";
import { plainError, type StatusError } from "../registry/index.ts";
import { CallError } from "./call-error.ts";
import type { WebhookCaller, WebhookClientConfig } from "./caller.ts";

/** `spec.conversion.webhook` of a CustomResourceDefinition. */
export interface ConversionWebhook {
  readonly clientConfig: WebhookClientConfig;
  readonly conversionReviewVersions: readonly string[];
}

/** API servers wait this long for a conversion. */
const SECONDS = 30;

/**
 * Converts custom resources by their CRD's webhook; objects that are in the version already are not sent.
 * After `k8s.io/apiextensions-apiserver/pkg/apiserver/conversion`.
 *
 * @param desiredAPIVersion `group/version`.
 * @returns the objects in the order given; metadata but labels and annotations is the original's.
 * @throws StatusError 500 without a reason.
 */
export async function convertByWebhook(
  caller: WebhookCaller,
  webhook: ConversionWebhook,
  objects: readonly KubeObject[],
  desiredAPIVersion: string,
): Promise<KubeObject[]> {
  const sent = objects.filter(({ apiVersion }) => apiVersion !== desiredAPIVersion);
  const [first] = sent;
  if (first === undefined) return [...objects];
  const subject = `conversion webhook for ${first.apiVersion}, Kind=${first.kind}`;
  const converted = await call(caller, webhook, sent.map(withoutVersion), desiredAPIVersion, subject);
  if (converted.length !== sent.length) throw plainError(`${subject} returned ${converted.length} objects, expected ${sent.length}`);
  let next = 0;
  return objects.map((object) => {
    if (object.apiVersion === desiredAPIVersion) return object;
    const where = objects.length > 1 ? `converted object at index ${next}` : "object";
    return checked(object, converted[next++], desiredAPIVersion, `${subject} returned invalid ${where}`);
  });
}

/** Objects are converted as they lie in storage, and there they have no resource version. */
function withoutVersion(object: KubeObject): KubeObject {
  const { resourceVersion: _version, ...metadata } = object.metadata;
  return { ...object, metadata };
}

async function call(
  caller: WebhookCaller,
  { clientConfig, conversionReviewVersions }: ConversionWebhook,
  objects: readonly KubeObject[],
  desiredAPIVersion: string,
  subject: string,
): Promise<unknown[]> {
  const version = conversionReviewVersions.find((candidate) => candidate === "v1" || candidate === "v1beta1");
  if (version === undefined) throw plainError("no supported conversion review versions");
  const uid = randomUUID();
  const apiVersion = `apiextensions.k8s.io/${version}`;
  const body = JSON.stringify({
    kind: "ConversionReview",
    apiVersion,
    request: { uid, desiredAPIVersion, objects },
    response: { uid: "", convertedObjects: null, result: { metadata: {} } },
  });
  const failed = (words: string): StatusError => plainError(`${subject} failed: ${words}`);
  let text: string;
  try {
    text = await caller.post(clientConfig, SECONDS, body);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    throw failed(error.message.replace(/^failed to call webhook: /, ""));
  }
  const review = parse(text);
  if (review === undefined) throw failed("the answer is not a JSON object");
  const kind = typeof review["kind"] === "string" ? review["kind"] : "";
  if (version === "v1" && (review["apiVersion"] !== apiVersion || kind !== "ConversionReview")) {
    const got = typeof review["apiVersion"] === "string" ? review["apiVersion"] : "";
    throw failed(`expected webhook response of ${apiVersion}, Kind=ConversionReview, got ${got || "/"}, Kind=${kind}`);
  }
  const response = asObject(review["response"]);
  if (response === undefined) throw failed("no response provided");
  if (version === "v1" && response["uid"] !== uid) {
    throw failed(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response["uid"] ?? "")}`);
  }
  const { status = "", message } = asObject(response["result"]) ?? {};
  if (status !== "Success") throw failed(message ? String(message) : `response.result.status was '${status}', not 'Success'`);
  return Array.isArray(response["convertedObjects"]) ? response["convertedObjects"] : [];
}

function checked(original: KubeObject, candidate: unknown, desiredAPIVersion: string, subject: string): KubeObject {
  const converted = asObject(candidate) as KubeObject | undefined;
  const wrong = (words: string): StatusError => plainError(`${subject}: ${words}`);
  if (converted === undefined) throw wrong("it is not an object");
  if (converted.apiVersion !== desiredAPIVersion)
    throw wrong(`invalid groupVersion (expected ${desiredAPIVersion}, received ${converted.apiVersion})`);
  if (converted.kind !== original.kind) throw wrong(`invalid kind (expected ${original.kind}, received ${converted.kind})`);
  const metadata = asObject(converted.metadata) as KubeObject["metadata"] | undefined;
  if (metadata === undefined) throw wrong("missing metadata in converted object");
  for (const [field, called] of [
    ["name", "name"],
    ["namespace", "namespace"],
    ["uid", "UID"],
  ] as const) {
    if ((metadata[field] ?? "") !== (original.metadata[field] ?? "")) {
      throw wrong(`must have the same ${called}: ${original.metadata[field] ?? ""} != ${metadata[field] ?? ""}`);
    }
  }
  const { labels: _labels, annotations: _annotations, ...kept } = original.metadata;
  return {
    ...converted,
    metadata: {
      ...kept,
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
    },
  };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
