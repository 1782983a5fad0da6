import type { Resource } from "../api/index.ts";
import { prune, type SchemaNode } from "../schema/index.ts";

/** A status has fields that the kind's schema lacks. The API server would refuse it whole (apply), or drop them unseen (patch). */
export class UnknownStatusFieldError extends Error {
  override readonly name = "UnknownStatusFieldError";
  readonly code = "ERR_UNKNOWN_STATUS_FIELD";
  /** The fields' paths: `status.replicaz`. */
  readonly fields: readonly string[];
  constructor({ apiVersion, kind }: Resource, fields: readonly string[]) {
    const several = fields.length > 1;
    super(
      `${fields.join(", ")}: the schema of ${kind} (${apiVersion}) has no such field${several ? "s" : ""}: add ${several ? "them" : "it"} to the status of its defineResource and install the definition anew, or leave ${several ? "them" : "it"} out`,
    );
    this.fields = fields;
  }
}

const schemas = new WeakMap<object, SchemaNode | undefined>();

/** @throws UnknownStatusFieldError; kinds that are not defined here are left to the API server. */
export function checkStatusFields(resource: Resource, status: unknown): void {
  if (!schemas.has(resource)) schemas.set(resource, statusSchema(resource));
  const schema = schemas.get(resource);
  if (schema === undefined) return;
  const fields = prune({ type: "object", properties: { status: schema } }, JSON.parse(JSON.stringify({ status })), false);
  if (fields.length > 0) throw new UnknownStatusFieldError(resource, fields);
}

interface Definition {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: { readonly properties?: Readonly<Record<string, SchemaNode>> } };
    }[];
  };
}

function statusSchema(resource: Resource): SchemaNode | undefined {
  if (!("crd" in resource) || typeof resource.crd !== "function") return undefined;
  const { spec } = resource.crd() as Definition;
  const version = resource.apiVersion.slice(resource.apiVersion.indexOf("/") + 1);
  return spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema.properties?.["status"];
}
