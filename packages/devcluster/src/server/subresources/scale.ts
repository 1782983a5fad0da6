import type { Cause, KubeObject } from "@outrigger/kit/api";
import { labelSelector } from "@outrigger/kit/api";
import { applyConfiguration, applyJsonPatch, applyMergePatch, applyStrategicMergePatch, conflictStatus } from "@outrigger/kit/patch";
import {
  badRequest,
  conflict,
  getObject,
  invalid,
  methodNotAllowed,
  modified,
  type ServedResource,
  StatusError,
  trackFields,
  updateObject,
} from "../../registry/index.ts";
import { patchRefusal, patchTypes } from "../../registry/patch.ts";
import { parseText, UnparsableBody } from "../body.ts";
import type { ApiResponse } from "../request.ts";
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
  if (request.method !== "PUT" && request.method !== "PATCH") throw methodNotAllowed();
  const isPatch = request.method === "PATCH";
  const type = isPatch ? patchTypeOf(one) : undefined;
  const isApply = type === patchTypes.apply;
  const options = writeOptions(request.query, isPatch ? "PatchOptions" : "UpdateOptions", isApply);
  const change = isPatch ? (await patchBody(request.body, type!, false)).body : await scaleBody(request.body.toString("utf8"));

  const written = await updateObject(
    services.parts,
    target,
    caller,
    (current) => {
      const object = structuredClone(current!);
      const before = scaleOf(resource, paths, object);
      const after = isPatch ? patchedScale(before, change, type!) : (change as Scale);
      const given = after.metadata?.name ?? "";
      if (given !== target.name) throw badRequest(`the name of the object (${given}) does not match the name on the URL (${target.name})`);
      const version = after.metadata?.resourceVersion;
      if (version !== undefined && version !== current!.metadata.resourceVersion) throw conflict(resource, target.name, modified);
      const replicas = after.spec?.replicas ?? 0;
      const causes = problems(replicas);
      if (causes.length > 0) throw invalid({ group: "autoscaling", kind: "Scale" }, target.name, causes);
      if (isApply) return appliedReplicas(one, current!, replicas, options, paths);
      put(object, paths.specReplicasPath, replicas);
      trackFields(target, current, object, caller, options);
      return object;
    },
    options,
    { kind: { group: "autoscaling", version: "v1", kind: "Scale" } },
  );
  return document(200, scaleOf(resource, paths, written.object), media);
}

/** A server-side apply of a Scale owns the number of replicas in the object itself. */
function appliedReplicas(one: ResourceRequest, current: KubeObject, replicas: number, options: ReturnType<typeof writeOptions>, paths: ScalePaths): KubeObject {
  const { target } = one;
  const config = { apiVersion: current.apiVersion, kind: current.kind, metadata: { name: target.name } } as KubeObject;
  put(config, paths.specReplicasPath, replicas);
  try {
    const { object, conflicts } = applyConfiguration({
      live: current,
      config,
      manager: options.fieldManager,
      schema: target.resource.schema,
      force: options.force,
      subresource: "scale",
      now: new Date(),
    });
    if (conflicts.length > 0) throw StatusError.from(conflictStatus(conflicts));
    return structuredClone(object);
  } catch (error) {
    throw patchRefusal(error);
  }
}

function pathsOf(resource: ServedResource): ScalePaths {
  const own = resource.subresources["scale"] as Partial<ScalePaths> | undefined;
  return own?.specReplicasPath ? (own as ScalePaths) : usual;
}

async function scaleBody(text: string): Promise<Scale> {
  try {
    return (await parseText(text, false, false)).value as Scale;
  } catch (error) {
    if (error instanceof UnparsableBody) throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`);
    throw error;
  }
}

function patchedScale(before: Scale, change: unknown, type: string): Scale {
  try {
    if (type === patchTypes.json) return applyJsonPatch(before, change);
    if (type === patchTypes.strategic) return applyStrategicMergePatch(before, change, { type: "object" });
    return applyMergePatch(before, change);
  } catch (error) {
    throw patchRefusal(error);
  }
}

function problems(replicas: number): Cause[] {
  if (replicas >= 0) return [];
  return [{ reason: "FieldValueInvalid", message: `Invalid value: ${replicas}: must be greater than or equal to 0`, field: "spec.replicas" }];
}

function scaleOf(resource: ServedResource, paths: ScalePaths, object: KubeObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const metadata = Object.fromEntries(Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp }).filter(([, value]) => value !== undefined));
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
  for (const part of path.split(".").slice(1)) value = value !== null && typeof value === "object" ? (value as Record<string, unknown>)[part] : undefined;
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
