import type { Buffer } from "node:buffer";
import type { KubeObject } from "@outrigger/kit/api";
import { jsonTypeName } from "@outrigger/machinery/patch";
import {
  badRequest,
  DecodeError,
  decodeObject,
  type FieldValidation,
  type FindKind,
  MismatchError,
  type ServedResource,
  unsupportedMediaType,
} from "../registry/index.ts";
import { scanJson } from "./json-scan.ts";
import { type ApiRequest, header } from "./request.ts";

const accepted = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/** The media type of the body, without parameters; JSON when the client did not say. */
export function contentType(request: Pick<ApiRequest, "headers">): string {
  return (header(request, "content-type") ?? "").split(";")[0]!.trim().toLowerCase() || "application/json";
}

export interface ParsedBody {
  readonly value: unknown;
  /** `duplicate field "data.a"` */
  readonly strict: readonly string[];
}

/** The parser's words about a body that is none. */
export class UnparsableBody extends Error {
  override readonly name = "UnparsableBody";
}

/**
 * Parses a JSON or YAML text.
 *
 * @throws UnparsableBody
 */
export async function parseText(text: string, yaml: boolean, strict: boolean): Promise<ParsedBody> {
  if (yaml && !text.trimStart().startsWith("{")) return parseYaml(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnparsableBody(scanJson(text).error ?? "unexpected end of JSON input");
  }
  if (!strict) return { value, strict: [] };
  return { value, strict: scanJson(text).duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`) };
}

async function parseYaml(text: string): Promise<ParsedBody> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text, { version: "1.1", uniqueKeys: false, schema: "yaml-1.1" });
  const [problem] = document.errors;
  if (problem) {
    const line = problem.linePos?.[0].line ?? 1;
    const why =
      /flow|Flow|BLOCK_IN_FLOW|BAD_/.test(problem.code) || problem.code === "MISSING_CHAR"
        ? "did not find expected node content"
        : problem.message.split("\n")[0];
    throw new UnparsableBody(`yaml: line ${line}: ${why}`);
  }
  const value: unknown = document.toJS();
  // Dates have no place in JSON: they were strings to begin with.
  return { value: JSON.parse(JSON.stringify(value ?? null)), strict: [] };
}

/**
 * Decodes the body of a create or an update.
 *
 * @throws StatusError 415, 400 in the words of `transformDecodeError` (k8s.io/apiserver/pkg/endpoints/handlers).
 */
export async function decodeBody(
  request: ApiRequest,
  resource: ServedResource,
  fieldValidation: FieldValidation,
  findKind: FindKind,
  warn: (text: string) => void,
): Promise<KubeObject> {
  const type = contentType(request);
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  const parsed = await parsedBody(request, type, resource, fieldValidation);
  const value = parsed.value === null ? {} : parsed.value;
  if (typeof value !== "object" || Array.isArray(value)) {
    const struct = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    throw unrecognized(
      resource,
      request.body,
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${struct}`,
    );
  }
  const given = value as Record<string, unknown>;
  const kind = typeof given["kind"] === "string" && given["kind"] !== "" ? given["kind"] : resource.kind;
  const apiVersion = typeof given["apiVersion"] === "string" && given["apiVersion"] !== "" ? given["apiVersion"] : resource.version;
  const refuse = (why: string): Error =>
    badRequest(`${kind} in version ${JSON.stringify(apiVersion.split("/").at(-1))} cannot be handled as a ${resource.kind}: ${why}`);
  try {
    const { object, strict } = decodeObject(resource, given, findKind);
    const all = [...parsed.strict, ...strict];
    if (all.length > 0 && fieldValidation === "Strict") throw refuse(`strict decoding error: ${all.join(", ")}`);
    if (fieldValidation === "Warn") for (const text of all) warn(text);
    return object;
  } catch (error) {
    if (error instanceof MismatchError) throw badRequest(error.message);
    if (error instanceof DecodeError) throw refuse(error.message);
    throw error;
  }
}

async function parsedBody(
  request: ApiRequest,
  type: string,
  resource: ServedResource,
  fieldValidation: FieldValidation,
): Promise<ParsedBody> {
  if (type === "application/vnd.kubernetes.protobuf") return { value: await decodeProtobufBody(request.body), strict: [] };
  try {
    return await parseText(request.body.toString("utf8"), type === "application/yaml", fieldValidation !== "Ignore");
  } catch (error) {
    if (!(error instanceof UnparsableBody)) throw error;
    const why = type === "application/yaml" ? error.message : `couldn't get version/kind; json parse error: ${error.message}`;
    throw unrecognized(resource, request.body, why);
  }
}

/** @throws StatusError 400 */
export async function decodeProtobufBody(body: Uint8Array): Promise<unknown> {
  const { decodeProtobuf } = await import("@outrigger/machinery/kinds");
  try {
    return decodeProtobuf(body);
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

function unrecognized(resource: ServedResource, body: Buffer, why: string): Error {
  return badRequest(`the object provided is unrecognized (must be of type ${resource.kind}): ${why} (${summary(body)})`);
}

/** The beginning of a body, as a refusal shows it. */
function summary(body: Buffer): string {
  const limit = 30;
  if (body.length === 0) return "<empty>";
  const text = body[0] === 0x7b ? body.toString("utf8") : body.toString("hex");
  return text.length > limit ? `${text.slice(0, limit)} ...` : text;
}
