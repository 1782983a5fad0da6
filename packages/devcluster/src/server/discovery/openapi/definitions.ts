import type { SchemaNode } from "@outrigger/kit/schema";
import { describeField, describeList, publishedDefinitions } from "@outrigger/machinery/kinds";
import type { ServedResource } from "../../../registry/index.ts";

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Schemas by name, gathered from the resources that refer to them; `ref` is how a document points to one. */
export class Definitions {
  readonly schemas: Record<string, object>;
  readonly #ref: string;

  /** @param ref `#/components/schemas/` or `#/definitions/` */
  constructor(ref: string) {
    this.#ref = ref;
    this.schemas = publishedDefinitions([`${meta}.Patch`, `${meta}.DeleteOptions`, `${meta}.Status`], ref);
  }

  /** Adds a resource's schema and that of its list; returns their names. */
  add(resource: ServedResource): { readonly object: string; readonly list: string } {
    const { schema, group, version, kind } = resource;
    const object = (resource.custom ? undefined : schema.title) ?? customName(group, version, kind);
    const list = `${object}List`;
    if (object in this.schemas) return { object, list };
    if (resource.custom) this.#addCustom(resource, object, list);
    else Object.assign(this.schemas, publishedDefinitions([object, list], this.#ref));
    return { object, list };
  }

  /** What a definition of a custom resource says, and what all objects have. */
  #addCustom({ schema, group, version, kind, listKind }: ServedResource, object: string, list: string): void {
    const { properties, ...body } = bodyOf(schema) as { properties?: Record<string, object> };
    const own = (of: "object" | "list", name: string, type: object): object => ({ description: describeField("", name, of), ...type });
    const type = (of: "object" | "list"): object => ({
      apiVersion: own(of, "apiVersion", { type: "string" }),
      kind: own(of, "kind", { type: "string" }),
    });
    const refer = (to: string): object => ({ allOf: [{ $ref: `${this.#ref}${meta}.${to}` }] });
    Object.assign(this.schemas, publishedDefinitions([`${meta}.ObjectMeta`, `${meta}.ListMeta`], this.#ref), {
      [object]: {
        ...body,
        type: "object",
        properties: { ...properties, ...type("object"), metadata: own("object", "metadata", refer("ObjectMeta")) },
        "x-kubernetes-group-version-kind": [{ group, kind, version }],
      },
      [list]: {
        description: describeList(kind),
        type: "object",
        required: ["items"],
        properties: {
          ...type("list"),
          items: own("list", "items", { type: "array", items: { $ref: `${this.#ref}${object}` } }),
          metadata: own("list", "metadata", refer("ListMeta")),
        },
        "x-kubernetes-group-version-kind": [{ group, kind: listKind, version }],
      },
    });
  }
}

/** A schema as plain data: nodes may be made when they are looked at. */
function bodyOf(node: SchemaNode): object {
  return Object.fromEntries(
    Object.entries(node).map(([field, value]) => {
      if (field === "properties")
        return [field, Object.fromEntries(Object.entries(value as Record<string, SchemaNode>).map(([name, one]) => [name, bodyOf(one)]))];
      if ((field === "items" || field === "additionalProperties") && typeof value === "object") return [field, bodyOf(value as SchemaNode)];
      return [field, value];
    }),
  );
}

/** `com.example.v1.Widget` */
export function customName(group: string, version: string, kind: string): string {
  return [...group.split(".").reverse(), version, kind].filter((part) => part !== "").join(".");
}
