import type { SchemaNode } from "@outrigger/kit/schema";
import type { ServedResource } from "../../../registry/index.ts";

/** Schemas by name, gathered from the resources that refer to them; `ref` is how a document points to one. */
export class Definitions {
  readonly schemas: Record<string, object> = {};
  readonly #ref: string;

  /** @param ref `#/components/schemas/` or `#/definitions/` */
  constructor(ref: string) {
    this.#ref = ref;
  }

  /** Adds a resource's schema and that of its list; returns their names. */
  add(resource: ServedResource): { readonly object: string; readonly list: string } {
    const { schema, group, version, kind, listKind } = resource;
    const object = schema.title ?? customName(group, version, kind);
    const list = `${object}List`;
    if (!(object in this.schemas)) {
      this.#define(object, schema, resource);
      this.schemas[list] = {
        type: "object",
        required: ["items"],
        properties: {
          apiVersion: { type: "string" },
          items: { type: "array", items: { $ref: `${this.#ref}${object}` } },
          kind: { type: "string" },
          metadata: { type: "object" },
        },
        "x-kubernetes-group-version-kind": [{ group, kind: listKind, version }],
      };
    }
    return { object, list };
  }

  #define(name: string, schema: SchemaNode, resource?: ServedResource): void {
    this.schemas[name] = {};
    const { title: _title, ...body } = this.#body(schema) as { title?: string };
    const extra = resource
      ? { "x-kubernetes-group-version-kind": [{ group: resource.group, kind: resource.kind, version: resource.version }] }
      : {};
    this.schemas[name] = { ...body, ...extra };
  }

  /** A node where it stands: a reference when it has a name. */
  #node(node: SchemaNode): object {
    const { title } = node;
    if (title === undefined || !title.startsWith("io.k8s.")) return this.#body(node);
    if (!(title in this.schemas)) this.#define(title, node);
    const { default: value } = node;
    const ref = { $ref: `${this.#ref}${title}` };
    const beside = Object.fromEntries(Object.entries(node).filter(([field]) => field.startsWith("x-kubernetes-patch")));
    return value === undefined && Object.keys(beside).length === 0
      ? ref
      : { ...(value === undefined ? {} : { default: value }), ...beside, allOf: [ref] };
  }

  #body(node: SchemaNode): object {
    const body: Record<string, unknown> = {};
    for (const field of Object.keys(node) as Extract<keyof SchemaNode, string>[]) {
      if (field === "title" && node.title?.startsWith("io.k8s.")) continue;
      if (field === "properties")
        body[field] = Object.fromEntries(Object.entries(node.properties!).map(([name, one]) => [name, this.#node(one)]));
      else if (field === "items") body[field] = this.#node(node.items!);
      else if (field === "additionalProperties" && typeof node.additionalProperties === "object")
        body[field] = this.#node(node.additionalProperties);
      else body[field] = node[field];
    }
    return body;
  }
}

/** `com.example.v1.Widget` */
export function customName(group: string, version: string, kind: string): string {
  return [...group.split(".").reverse(), version, kind].filter((part) => part !== "").join(".");
}
