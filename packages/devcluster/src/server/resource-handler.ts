import type { Buffer } from "node:buffer";
import type { KubeObject } from "@outrigger/kit/api";
import {
  badRequest,
  type Caller,
  checkDeleteOptions,
  createObject,
  type DeleteOptions,
  deleteObject,
  forbidden,
  getObject,
  listObjects,
  methodNotAllowed,
  noSuchResource,
  notFound,
  type PatchType,
  parseListOptions,
  patchObject,
  patchTypes,
  queryBoolean,
  queryInteger,
  type RegistryParts,
  type Resources,
  readCopy,
  refusal,
  replaceObject,
  type ServedResource,
  select,
  type Target,
  tableOf,
  unsupportedMediaType,
} from "../registry/index.ts";
import { contentType, decodeBody, decodeProtobufBody, parseText, UnparsableBody } from "./body.ts";
import { type MediaType, negotiate } from "./media-types.ts";
import { type ApiRequest, type ApiResponse, header } from "./request.ts";
import type { RequestInfo } from "./request-info.ts";
import { document, list, pageNotFound, single } from "./respond.ts";
import type { Subresources } from "./subresources/index.ts";
import { type Streams, watchResponse } from "./watch-stream.ts";
import { writeOptions } from "./write-options.ts";

export interface ResourceServices {
  readonly parts: RegistryParts;
  readonly resources: Resources;
  readonly subresources: Subresources;
  readonly streams: Streams;
}

/** One request for a resource, with all that its handlers need. */
export interface ResourceRequest {
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  readonly target: Target;
  readonly caller: Caller;
  readonly services: ResourceServices;
}

const singles = ["Table", "PartialObjectMetadata"];
const lists = ["Table", "PartialObjectMetadataList"];

/** Routes a request for a resource to what serves it. */
export async function handleResource(
  request: ApiRequest,
  info: RequestInfo,
  resource: ServedResource,
  caller: Caller,
  services: ResourceServices,
): Promise<ApiResponse> {
  const namespace = resource.scope === "Cluster" ? "" : info.namespace;
  const { name, subresource } = info;
  if (resource.scope === "Namespaced" && namespace === "" && name !== "") throw noSuchResource();
  if (resource.scope === "Cluster" && info.namespace !== "" && resource.plural !== "namespaces") {
    if (resource.custom) return pageNotFound();
    throw noSuchResource();
  }
  const target: Target = { resource, namespace, name, subresource };
  const one: ResourceRequest = { request, info, target, caller, services };
  if (subresource !== "") {
    if (!(subresource in resource.subresources)) throw resource.custom ? notFound(resource, name) : noSuchResource();
    return services.subresources.handle(one);
  }
  if (info.rest.length > 0) throw noSuchResource();
  return handleMethod(one);
}

async function handleMethod(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, info, services } = one;
  const { resource, name } = target;
  const offers = (verb: string): void => {
    if (!resource.verbs.includes(verb)) throw methodNotAllowed();
  };
  if (request.method === "GET") {
    if (info.verb === "watch" || name === "") {
      offers(info.verb === "watch" ? "watch" : "list");
      return listOrWatch(one);
    }
    offers("get");
    return get(one);
  }
  if (name === "") {
    if (request.method === "POST") {
      if (resource.custom && !resource.verbs.includes("create")) throw await terminating(one);
      offers("create");
      if (!resource.stored) return services.subresources.createUnstored(one);
      if (target.namespace === "" && resource.scope === "Namespaced") throw methodNotAllowed();
      return create(one);
    }
    if (request.method === "DELETE") {
      offers("deletecollection");
      return deleteCollection(one);
    }
    throw methodNotAllowed();
  }
  if (request.method === "PUT") {
    offers("update");
    return update(one);
  }
  if (request.method === "PATCH") {
    offers("patch");
    return patch(one);
  }
  if (request.method === "DELETE") {
    offers("delete");
    return remove(one);
  }
  throw methodNotAllowed();
}

/** A definition that goes takes no new objects. */
async function terminating(one: ResourceRequest): Promise<Error> {
  const { metadata } = await decoded(one, "Ignore");
  return forbidden(one.target.resource, metadata.name ?? "", "create not allowed while custom resource definition is terminating");
}

type Asked = Pick<ResourceRequest, "request" | "target">;

export function acceptSingle(one: Asked): MediaType {
  return accept(one, singles);
}

function accept({ request, target }: Asked, forms: readonly string[]): MediaType {
  return negotiate(header(request, "accept"), forms, !target.resource.custom);
}

async function get(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, services, caller } = one;
  const media = acceptSingle(one);
  const served = await getObject(services.parts, target, request.query.get("resourceVersion") ?? "", caller.signal);
  return single(200, target.resource, served, media, request.query);
}

async function listOrWatch(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, info, services, caller } = one;
  const options = parseListOptions(request.query, info.watchPath);
  if (options.watch) {
    return watchResponse(services.parts, target, options, acceptSingle(one), request.query, caller.signal, services.streams);
  }
  const media = accept(one, lists);
  return list(target.resource, await listObjects(services.parts, target, options, caller.signal), media, request.query);
}

async function create(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, services, caller } = one;
  const media = acceptSingle(one);
  const options = writeOptions(request.query, "CreateOptions");
  const object = await decoded(one, options.fieldValidation);
  const written = await createObject(services.parts, target, caller, object, options);
  return single(201, target.resource, written, media, request.query);
}

/** The body as an object of the target's resource. */
export async function decoded(
  one: ResourceRequest,
  fieldValidation: ReturnType<typeof writeOptions>["fieldValidation"],
): Promise<KubeObject> {
  const { request, target, services, caller } = one;
  return decodeBody(request, target.resource, fieldValidation, services.resources.findKind, caller.warn);
}

export async function update(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, services, caller } = one;
  const media = acceptSingle(one);
  const options = writeOptions(request.query, "UpdateOptions");
  const object = await decoded(one, options.fieldValidation);
  const written = await replaceObject(services.parts, target, caller, object, options);
  return single(written.created ? 201 : 200, target.resource, written, media, request.query);
}

export async function patch(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, services, caller } = one;
  const type = patchTypeOf(one);
  const media = acceptSingle(one);
  const options = writeOptions(request.query, "PatchOptions", type === patchTypes.apply);
  const parsed = await patchBody(request.body, type, options.fieldValidation !== "Ignore");
  const findKind = services.resources.findKind;
  const written = await patchObject(services.parts, target, caller, { type, ...parsed }, options, findKind);
  return single(written.created ? 201 : 200, target.resource, written, media, request.query);
}

/** @throws StatusError 415 for what is no patch, and for a strategic merge of a kind that has none. */
export function patchTypeOf({ request, target }: Pick<ResourceRequest, "request" | "target">): PatchType {
  const type = contentType(request) as PatchType;
  if (!Object.values(patchTypes).includes(type)) {
    throw refusal({ code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: {} });
  }
  if (target.resource.custom && type === patchTypes.strategic) {
    throw unsupportedMediaType([patchTypes.json, patchTypes.merge, patchTypes.apply]);
  }
  return type;
}

/** @throws StatusError 400 for a body that cannot be parsed. */
export async function patchBody(body: Buffer, type: PatchType, strict: boolean): Promise<{ body: unknown; strict: string[] }> {
  const isApply = type === patchTypes.apply;
  try {
    const parsed = await parseText(body.toString("utf8"), isApply, strict);
    const prefix = type === patchTypes.json ? "json patch " : "";
    return { body: parsed.value, strict: parsed.strict.map((problem) => `${prefix}${problem}`) };
  } catch (error) {
    if (!(error instanceof UnparsableBody)) throw error;
    if (isApply) throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`);
    throw badRequest(type === patchTypes.strategic ? error.message : `error decoding patch: ${error.message}`);
  }
}

async function remove(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, services, caller } = one;
  const media = acceptSingle(one);
  const options = await deleteOptions(request);
  const { body, gone } = await deleteObject(services.parts, target, caller, options);
  const status = !gone && options.orphanDependents === false ? 202 : 200;
  return single(status, target.resource, { object: body as KubeObject }, media, request.query);
}

/** Delete options of the body, or of the query where there is no body. */
export async function deleteOptions(request: ApiRequest): Promise<DeleteOptions> {
  let sent: Record<string, unknown> = {};
  if (request.body.length > 0) {
    const type = contentType(request);
    if (type === "application/vnd.kubernetes.protobuf") sent = (await decodeProtobufBody(request.body)) as Record<string, unknown>;
    else {
      try {
        const parsed = await parseText(request.body.toString("utf8"), type === "application/yaml", false);
        sent = (parsed.value ?? {}) as Record<string, unknown>;
      } catch (error) {
        if (!(error instanceof UnparsableBody)) throw error;
        throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`);
      }
    }
    const kind = sent["kind"];
    if (typeof kind === "string" && kind !== "" && kind !== "DeleteOptions") {
      throw badRequest(
        `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(sent["apiVersion"] ?? "")} in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:33"`,
      );
    }
    delete sent["kind"];
    delete sent["apiVersion"];
  } else {
    const { query } = request;
    const period = queryInteger(query, "gracePeriodSeconds");
    const orphan = queryBoolean(query, "orphanDependents");
    const policy = query.get("propagationPolicy");
    const dryRun = query.getAll("dryRun").filter((text) => text !== "");
    sent = {
      ...(period === undefined ? {} : { gracePeriodSeconds: period }),
      ...(orphan === undefined ? {} : { orphanDependents: orphan }),
      ...(policy ? { propagationPolicy: policy } : {}),
      ...(dryRun.length > 0 ? { dryRun } : {}),
    };
  }
  const options: DeleteOptions = {
    gracePeriodSeconds: sent["gracePeriodSeconds"] as number | undefined,
    propagationPolicy: sent["propagationPolicy"] as string | undefined,
    orphanDependents: sent["orphanDependents"] as boolean | undefined,
    preconditions: sent["preconditions"] as NonNullable<DeleteOptions["preconditions"]> | undefined,
    dryRun: Array.isArray(sent["dryRun"]) && sent["dryRun"].length > 0,
    sent,
  };
  checkDeleteOptions(options);
  return options;
}

async function deleteCollection(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, services, caller } = one;
  const media = accept(one, lists);
  const options = await deleteOptions(request);
  const listOptions = parseListOptions(request.query);
  const { resource } = target;
  const selection = select(resource, listOptions.labelSelector, listOptions.fieldSelector);
  const table = tableOf(services.parts.store, resource.group, resource.plural);
  const items: KubeObject[] = [];
  for (const entry of table.list({ namespace: target.namespace || undefined })) {
    if (!selection.matches(entry)) continue;
    const object = await readCopy(resource, entry);
    try {
      await deleteObject(services.parts, { ...target, namespace: entry.namespace, name: entry.name }, caller, {
        ...options,
        ofCollection: true,
      });
    } catch (error) {
      // Someone else was faster.
      if ((error as { reason?: string }).reason !== "NotFound") throw error;
    }
    const { kind: _kind, apiVersion: _version, ...rest } = object;
    items.push((resource.custom ? object : rest) as KubeObject);
  }
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  const metadata = { resourceVersion: String(services.parts.store.revision) };
  return document(200, { kind: resource.listKind, apiVersion, metadata, items }, media);
}
