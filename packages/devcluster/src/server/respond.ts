import { Buffer } from "node:buffer";
import type { KubeObject, Status } from "@outrigger/kit/api";
import {
  apiVersionOf,
  badRequest,
  type Page,
  type Served,
  type ServedResource,
  type StatusError,
  type Written,
} from "../registry/index.ts";
import { objectPrefix } from "../store/index.ts";
import { type MediaType, negotiateError } from "./media-types.ts";
import type { ApiResponse } from "./request.ts";
import { type IncludeObject, partialMetadata, table } from "./table.ts";

const jsonHeaders = { "content-type": "application/json", "cache-control": "no-cache, private" } as const;

/** Ends with a line break, as Kubernetes' encoder does. */
export function json(status: number, body: unknown): ApiResponse {
  return { status, headers: jsonHeaders, body: Buffer.from(`${JSON.stringify(body)}\n`) };
}

/** As documents come that are made for people too: indented. */
export function prettyJson(status: number, body: unknown): ApiResponse {
  return { status, headers: jsonHeaders, body: Buffer.from(JSON.stringify(body, null, 2)) };
}

export function text(status: number, body: string, type = "text/plain; charset=utf-8"): ApiResponse {
  return { status, headers: { "content-type": type, "cache-control": "no-cache, private", "x-content-type-options": "nosniff" }, body };
}

/** A value in the form that was asked for. */
export async function document(status: number, body: unknown, media: MediaType): Promise<ApiResponse> {
  if (media.format === "json") return json(status, body);
  if (media.format === "protobuf") {
    const { encodeProtobuf } = await import("@outrigger/machinery/kinds");
    const encoded = encodeProtobuf(body as KubeObject);
    return { status, headers: { ...jsonHeaders, "content-type": "application/vnd.kubernetes.protobuf" }, body: encoded };
  }
  const { stringify } = await import("yaml");
  const shown = stringify(JSON.parse(JSON.stringify(body)), {
    sortMapEntries: true,
    lineWidth: 0,
    indentSeq: false,
    version: "1.1",
    aliasDuplicateObjects: false,
  });
  // A lone dot, which managedFields are full of, is quoted by this library and not by Kubernetes'.
  const plain = shown.replace(/^(\s*(?:- )?)"\.":/gm, "$1.:");
  return { status, headers: { ...jsonHeaders, "content-type": "application/yaml" }, body: plain };
}

/** What a real server says of paths that nothing answers. */
export function pageNotFound(): ApiResponse {
  return text(404, "404 page not found\n");
}

export function refused(error: StatusError): ApiResponse {
  return withRetry(error, json(error.statusCode, error.status));
}

/** A refusal in the form that the client takes. */
export async function refusedAs(error: StatusError, accept: string | undefined): Promise<ApiResponse> {
  const media = negotiateError(accept);
  return media.format === "protobuf" ? withRetry(error, await document(error.statusCode, error.status, media)) : refused(error);
}

function withRetry(error: StatusError, response: ApiResponse): ApiResponse {
  const retry = error.status.details?.retryAfterSeconds;
  return retry === undefined ? response : { ...response, headers: { ...response.headers, "retry-after": String(retry) } };
}

export function includeObject(query: URLSearchParams): IncludeObject {
  const include = query.get("includeObject") ?? "";
  if (include === "" || include === "Metadata") return "Metadata";
  if (include === "None" || include === "Object") return include;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(include)}`);
}

/** One object, as it is or as the client wants to see it. */
export async function single(
  status: number,
  resource: ServedResource,
  served: Served | Written | { readonly object: KubeObject | Status },
  media: MediaType,
  query: URLSearchParams,
): Promise<ApiResponse> {
  const entry = "entry" in served ? served.entry : undefined;
  if (media.as === undefined && media.format === "json" && entry && entryIsIn(resource, entry.text)) {
    return { status, headers: jsonHeaders, body: `${entry.text}\n` };
  }
  const object = (served.object ?? entry?.object) as KubeObject;
  return document(status, shown(resource, object, media, query), media);
}

/** Whether an encoded object is of the version asked for. */
function entryIsIn(resource: ServedResource, text: string): boolean {
  return text.startsWith(objectPrefix(resource.kind, apiVersionOf(resource)));
}

function shown(resource: ServedResource, object: KubeObject | Status, media: MediaType, query: URLSearchParams): unknown {
  // A Status is never shown as anything else.
  if (media.as === undefined || object.kind === "Status") return object;
  const one = object as KubeObject;
  if (media.as === "PartialObjectMetadata") return partialMetadata(one, media.version);
  if (media.as === "PartialObjectMetadataList")
    throw badRequest(`you requested PartialObjectMetadataList, but the requested object is not a list (${resource.kind})`);
  const metadata = one.metadata.resourceVersion === undefined ? {} : { resourceVersion: one.metadata.resourceVersion };
  return table(resource, [one], metadata, { version: media.version, include: includeObject(query), columns: true });
}

export async function list(resource: ServedResource, page: Page, media: MediaType, query: URLSearchParams): Promise<ApiResponse> {
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.continue !== undefined ? { continue: page.continue } : resource.custom && media.as === undefined ? { continue: "" } : {}),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  };
  if (media.as === "Table") {
    const rows = page.items.map((item) => item.object ?? item.entry.object);
    return document(200, table(resource, rows, metadata, { version: media.version, include: includeObject(query), columns: true }), media);
  }
  if (media.as !== undefined) {
    if (media.as === "PartialObjectMetadata") throw badRequest("you requested PartialObjectMetadata, but the requested object is a list");
    const items = page.items.map((item) => partialMetadata(item.object ?? item.entry.object, media.version));
    return document(200, { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${media.version}`, metadata, items }, media);
  }
  const body = encodedList(resource, metadata, page.items);
  if (media.format === "json") return { status: 200, headers: jsonHeaders, body };
  return document(200, JSON.parse(body), media);
}

/** Joins the encoded objects; items of typed lists leave out kind and version, those of custom resources say them. */
function encodedList(resource: ServedResource, metadata: object, items: Page["items"]): string {
  const apiVersion = apiVersionOf(resource);
  const skipped = resource.custom ? 0 : objectPrefix(resource.kind, apiVersion).length;
  const texts = items.map(({ entry, object }) => {
    if (!entry) return convertedItem(resource, object!);
    return skipped === 0 ? entry.text : `{${entry.text.slice(skipped)}`;
  });
  return `${objectPrefix(resource.listKind, apiVersion)}"metadata":${JSON.stringify(metadata)},"items":[${texts.join(",")}]}\n`;
}

function convertedItem({ custom }: ServedResource, object: KubeObject): string {
  const { kind, apiVersion, ...rest } = object;
  return JSON.stringify(custom ? { kind, apiVersion, ...rest } : rest);
}

/** `Warning: 299 - "text"`, after RFC 7234; the bytes are those of the UTF-8 text. */
export function warningHeader(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return Buffer.from(`299 - "${escaped}"`).toString("latin1");
}
