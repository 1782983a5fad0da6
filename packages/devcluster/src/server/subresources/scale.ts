import { type Cause, type KubeObject, labelSelector, type ManagedFieldsEntry } from "@outrigger/kit/api";
import { builtInDefinition } from "@outrigger/kit/kinds";
import {
  applyConfiguration,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  conflictStatus,
  managedFieldsFromScale,
  managedFieldsOfScale,
  updateManagedFields,
} from "@outrigger/machinery/patch";
import {
  admitted,
  apiVersionOf,
  attributesFor,
  badRequest,
  conflict,
  getObject,
  invalid,
  managerName,
  methodNotAllowed,
  modified,
  patchRefusal,
  patchTypes,
  type ServedResource,
  StatusError,
  updateObject,
  type WriteOptions,
} from "../../registry/index.ts";
import { contentType, decodeProtobufBody, parseText, UnparsableBody } from "../body.ts";
import type { ApiRequest, ApiResponse } from "../request.ts";
import { acceptSingle, patchBody, patchTypeOf, type ResourceRequest } from "../resource-handler.ts";
import { document } from "../respond.ts";
import { writeOptions } from "../write-options.ts";

/** Where a resource keeps its number of replicas; definitions of custom resources say it themselves. */
interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}
const usual: ScalePaths = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };

interface Scale extends KubeObject {
  spec: { replicas?: number };
  status: { replicas: number; selector?: string };
}

const scaleSchema = "io.k8s.api.autoscaling.v1.Scale";

/** `autoscaling/v1 Scale` of any resource that has one. */
export async function scale(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, services, caller } = one;
  const { resource } = target;
  const media = acceptSingle(one);
  const paths = pathsOf(resource);
  if (request.method === "GET") {
    const served = await getObject(services.parts, target, request.query.get("resourceVersion") ?? "", caller.signal);
    return document(200, scaleOf(resource, paths, served.object ?? served.entry.object), media);
  }
  const isPatch = request.method === "PATCH";
  if (request.method !== "PUT" && !isPatch) throw methodNotAllowed();
  const type = isPatch ? patchTypeOf(one) : undefined;
  const options = writeOptions(request.query, isPatch ? "PatchOptions" : "UpdateOptions", type === patchTypes.apply);
  const change = isPatch ? (await patchBody(request.body, type!, false)).body : await scaleBody(request);
  const mapping = { apiVersion: apiVersionOf(resource), replicasPath: paths.specReplicasPath.split(".").slice(1) };

  const written = await updateObject(
    { ...services.parts, admission: admitted },
    target,
    caller,
    async (current) => {
      const entries = current!.metadata.managedFields ?? [];
      const before = scaleOf(resource, paths, current!, managedFieldsOfScale(entries, mapping));
      const sent = type === undefined ? (change as Scale) : changed(before, change, type, options);
      const after = await admitScale(one, before, sent, options);
      check(one, before, after);
      const managers = type === patchTypes.apply ? (after.metadata.managedFields ?? []) : owners(one, before, after, options);
      const object = structuredClone(current!);
      put(object, paths.specReplicasPath, after.spec?.replicas ?? 0);
      object.metadata.managedFields = managedFieldsFromScale(entries, managers, mapping);
      return object;
    },
    options,
  );
  return document(200, scaleOf(resource, paths, written.object), media);
}

async function admitScale(
  { target, caller, services }: ResourceRequest,
  before: Scale,
  after: Scale,
  options: WriteOptions,
): Promise<Scale> {
  const kind = { group: "autoscaling", version: "v1", kind: "Scale" };
  const attributes = attributesFor(target, caller, {
    operation: "UPDATE",
    object: after,
    oldObject: before,
    options,
    optionsKind: "UpdateOptions",
    kind,
  });
  await services.parts.admission.mutate(attributes);
  await services.parts.admission.validate(attributes);
  return attributes.object as Scale;
}

function owners({ caller }: ResourceRequest, before: Scale, after: Scale, options: WriteOptions): ManagedFieldsEntry[] {
  const kept = { ...after, metadata: { ...after.metadata } };
  delete kept.metadata.managedFields;
  return updateManagedFields({
    before,
    after: kept,
    manager: managerName(options, caller),
    apiVersion: "autoscaling/v1",
    schema: builtInDefinition(scaleSchema)!,
    subresource: "scale",
    now: new Date(),
  });
}

function check({ target }: ResourceRequest, before: Scale, after: Scale): void {
  const given = after.metadata?.name ?? "";
  if (given !== target.name) throw badRequest(`the name of the object (${given}) does not match the name on the URL (${target.name})`);
  const version = after.metadata.resourceVersion;
  if (version !== undefined && version !== before.metadata.resourceVersion) throw conflict(target.resource, target.name, modified);
  const causes = problems(after.spec?.replicas ?? 0);
  if (causes.length > 0) throw invalid({ group: "autoscaling", kind: "Scale" }, target.name, causes);
}

function changed(before: Scale, change: unknown, type: string, options: WriteOptions): Scale {
  try {
    if (type === patchTypes.json) return applyJsonPatch(before, change);
    if (type === patchTypes.merge) return applyMergePatch(before, change);
    const schema = builtInDefinition(scaleSchema)!;
    if (type === patchTypes.strategic) return applyStrategicMergePatch(before, change, schema);
    const { object, conflicts } = applyConfiguration({
      live: before,
      config: change as KubeObject,
      manager: options.fieldManager,
      apiVersion: "autoscaling/v1",
      schema,
      force: options.force,
      subresource: "scale",
      now: new Date(),
    });
    if (conflicts.length > 0) throw StatusError.from(conflictStatus(conflicts));
    return object as Scale;
  } catch (error) {
    throw patchRefusal(error);
  }
}

function pathsOf(resource: ServedResource): ScalePaths {
  const own = resource.subresources["scale"] as Partial<ScalePaths> | undefined;
  return own?.specReplicasPath ? (own as ScalePaths) : usual;
}

async function scaleBody(request: ApiRequest): Promise<Scale> {
  if (contentType(request) === "application/vnd.kubernetes.protobuf") return (await decodeProtobufBody(request.body)) as Scale;
  try {
    return (await parseText(request.body.toString("utf8"), false, false)).value as Scale;
  } catch (error) {
    if (error instanceof UnparsableBody) throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`);
    throw error;
  }
}

function problems(replicas: number): Cause[] {
  if (replicas >= 0) return [];
  return [
    { reason: "FieldValueInvalid", message: `Invalid value: ${replicas}: must be greater than or equal to 0`, field: "spec.replicas" },
  ];
}

function scaleOf(resource: ServedResource, paths: ScalePaths, object: KubeObject, managedFields: ManagedFieldsEntry[] = []): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const facts = {
    name,
    namespace,
    uid,
    resourceVersion,
    creationTimestamp,
    managedFields: managedFields.length > 0 ? managedFields : undefined,
  };
  const metadata = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  const replicas = at(object, paths.specReplicasPath);
  const selector = selectorText(resource, paths, object);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata,
    spec: typeof replicas === "number" && replicas !== 0 ? { replicas } : {},
    status: { replicas: Number(at(object, paths.statusReplicasPath) ?? 0), ...(selector ? { selector } : {}) },
  };
}

function selectorText(resource: ServedResource, paths: ScalePaths, object: KubeObject): string {
  if (resource.custom) return paths.labelSelectorPath ? String(at(object, paths.labelSelectorPath) ?? "") : "";
  const selector = at(object, ".spec.selector");
  if (selector === undefined || selector === null) return "";
  const isPlain = !("matchLabels" in (selector as object)) && !("matchExpressions" in (selector as object));
  return labelSelector((isPlain ? { matchLabels: selector } : selector) as never).toString();
}

function at(object: object, path: string): unknown {
  let value: unknown = object;
  for (const part of path.split(".").slice(1))
    value = value !== null && typeof value === "object" ? (value as Record<string, unknown>)[part] : undefined;
  return value;
}

function put(object: object, path: string, value: unknown): void {
  const parts = path.split(".").slice(1);
  const last = parts.pop()!;
  let inner = object as Record<string, unknown>;
  for (const part of parts) {
    inner[part] ??= {};
    inner = inner[part] as Record<string, unknown>;
  }
  inner[last] = value;
}
