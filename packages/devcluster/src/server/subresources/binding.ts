import type { KubeObject, ObjectMeta } from "@outrigger/kit/api";
import { jsonTypeName } from "@outrigger/machinery/patch";
import { admitted, attributesFor, badRequest, conflict, invalid, notFound, timestamp, updateObject } from "../../registry/index.ts";
import { contentType, decodeProtobufBody, parseText, UnparsableBody } from "../body.ts";
import type { ApiResponse } from "../request.ts";
import { acceptSingle, type ResourceRequest } from "../resource-handler.ts";
import { document } from "../respond.ts";
import { writeOptions } from "../write-options.ts";

interface Binding {
  metadata?: ObjectMeta;
  target?: { kind?: string; name?: string };
}
interface PodParts {
  spec: { nodeName?: string; schedulingGates?: unknown[] };
  status?: { conditions?: Record<string, unknown>[] };
}

/** Assigns a pod to a node, once (`pkg/registry/core/pod/storage`). */
export async function createBinding(one: ResourceRequest): Promise<ApiResponse> {
  const { request, caller, services } = one;
  const options = writeOptions(request.query, "CreateOptions");
  const binding = (await objectBody(one)) as Binding;
  const name = one.target.name || (binding.metadata?.name ?? "");
  const pods = services.resources.find("", "v1", "pods")!;
  const target = { resource: pods, namespace: one.target.namespace, name, subresource: "binding" };
  const given = binding.metadata?.name;
  if (given !== undefined && given !== name) throw badRequest("name in URL does not match name in Binding object");
  const node = binding.target?.name ?? "";
  if (node === "") {
    throw invalid({ group: "", kind: "Binding" }, name, [
      { reason: "FieldValueRequired", message: "Required value", field: "target.name" },
    ]);
  }
  await admitBody(one, binding as KubeObject, options);
  await updateObject(
    { ...services.parts, admission: admitted },
    target,
    caller,
    (current) => {
      if (!current) throw notFound(pods, name);
      const refuse = (why: string): Error => conflict({ group: "", plural: "pods/binding" }, name, why);
      const { uid, resourceVersion } = binding.metadata ?? {};
      if (uid && uid !== current.metadata.uid)
        throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`);
      if (resourceVersion && resourceVersion !== current.metadata.resourceVersion)
        throw refuse("the object has been modified; please apply your changes to the latest version and try again");
      const pod = current as unknown as PodParts;
      if (current.metadata.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
      if (pod.spec.nodeName) throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
      if (pod.spec.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
      return bound(current, node, binding.metadata?.annotations);
    },
    options,
  );
  return document(201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 }, acceptSingle(one));
}

/** Sends the body of a subresource, which is an object of its own, through admission as a creation. */
export async function admitBody(
  { target, caller, services }: ResourceRequest,
  body: KubeObject,
  options: { readonly dryRun: boolean; readonly sent: Record<string, unknown> },
): Promise<void> {
  for (const field of ["apiVersion", "kind"] as const) {
    const given: unknown = body[field];
    if (given === undefined || given === null || typeof given === "string") continue;
    const why = `json: cannot unmarshal ${jsonTypeName(given)} into Go struct field .${field} of type string`;
    throw badRequest(
      `the object provided is unrecognized (must be of type Binding): couldn't get version/kind; json parse error: ${why} (${JSON.stringify(body).slice(0, 30)} ...)`,
    );
  }
  body.metadata = { ...body.metadata, namespace: body.metadata?.namespace || target.namespace };
  const slash = (body.apiVersion ?? "v1").indexOf("/");
  const kind = {
    group: slash < 0 ? "" : body.apiVersion.slice(0, slash),
    version: (body.apiVersion ?? "v1").slice(slash + 1),
    kind: body.kind ?? "",
  };
  const attributes = attributesFor(target, caller, {
    operation: "CREATE",
    object: body,
    oldObject: undefined,
    options,
    optionsKind: "CreateOptions",
    kind,
  });
  await services.parts.admission.mutate(attributes);
  await services.parts.admission.validate(attributes);
}

function bound(current: KubeObject, node: string, annotations: Record<string, string> | undefined): KubeObject {
  const object = structuredClone(current);
  const pod = object as unknown as PodParts;
  pod.spec.nodeName = node;
  if (annotations) object.metadata.annotations = { ...object.metadata.annotations, ...annotations };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
  const scheduled = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: timestamp() };
  pod.status = { ...pod.status, conditions: [...others, scheduled] };
  return object;
}

/** A body that is a plain object of whatever kind. */
export async function objectBody({ request }: Pick<ResourceRequest, "request">): Promise<Record<string, unknown>> {
  const type = contentType(request);
  if (type === "application/vnd.kubernetes.protobuf") return (await decodeProtobufBody(request.body)) as Record<string, unknown>;
  try {
    const { value } = await parseText(request.body.toString("utf8") || "{}", type === "application/yaml", false);
    return (value ?? {}) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof UnparsableBody) throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`);
    throw error;
  }
}
