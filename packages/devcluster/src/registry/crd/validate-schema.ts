import { isDeepStrictEqual } from "node:util";
import type { Cause } from "@outrigger/kit/api";
import { compilePattern, PatternError, type SchemaNode, validate } from "@outrigger/kit/schema";
import { ruleProblems } from "./validate-rules.ts";

/** The one alternative of types that a structural schema may spell out, where it says `x-kubernetes-int-or-string`. */
function isIntOrString(anyOf: readonly SchemaNode[] | undefined): boolean {
  return isDeepStrictEqual(anyOf, [{ type: "integer" }, { type: "string" }]);
}

const types = ["array", "boolean", "integer", "number", "object", "string"];

/** What a definition's schema may not be (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation and pkg/apiserver/schema). */
export function schemaProblems(schema: SchemaNode, path: string): Cause[] {
  const causes: Cause[] = [];
  const judge = new Judge(causes);
  judge.node(schema, path, "root");
  // Rules are looked at where the schema is sound.
  return causes.length > 0 ? causes : ruleProblems(schema, path);
}

type Place = "root" | "field" | "item" | "junctor" | "metadata";

class Judge {
  readonly #causes: Cause[];
  constructor(causes: Cause[]) {
    this.#causes = causes;
  }

  node(node: SchemaNode, path: string, place: Place): void {
    this.#values(node, path);
    if (place === "junctor") this.#junctor(node, path);
    else this.#structure(node, path, place);
    const either = node["x-kubernetes-int-or-string"] === true;
    for (const [index, inner] of (node.allOf ?? []).entries()) {
      const { anyOf, ...rest } = inner;
      const said = either && index === 0 && isIntOrString(anyOf);
      this.node(said ? rest : inner, `${path}.allOf[${index}]`, "junctor");
    }
    for (const [index, inner] of (either && isIntOrString(node.anyOf) ? [] : (node.anyOf ?? [])).entries()) {
      this.node(inner, `${path}.anyOf[${index}]`, "junctor");
    }
    for (const [index, inner] of (node.oneOf ?? []).entries()) this.node(inner, `${path}.oneOf[${index}]`, "junctor");
    if (node.not) this.node(node.not, `${path}.not`, "junctor");
    if (place !== "junctor") this.#type(node, path, place);
    for (const [name, inner] of Object.entries(node.properties ?? {})) {
      const at = `${path}.properties[${name}]`;
      if (place === "root" && name === "metadata") this.#metadata(inner, at);
      else this.node(inner, at, place === "junctor" ? "junctor" : "field");
    }
    if (node.items) this.node(node.items, `${path}.items`, place === "junctor" ? "junctor" : "item");
    if (typeof node.additionalProperties === "object")
      this.node(node.additionalProperties, `${path}.additionalProperties`, place === "junctor" ? "junctor" : "field");
  }

  #values(node: SchemaNode, path: string): void {
    const { type, pattern } = node;
    if ((node as { $ref?: string }).$ref !== undefined) this.#forbid(`${path}.$ref`, "$ref is not supported");
    if (type !== undefined && !types.includes(type)) {
      const supported = types.map((one) => JSON.stringify(one)).join(", ");
      this.#causes.push({
        reason: "FieldValueNotSupported",
        message: `Unsupported value: ${JSON.stringify(type)}: supported values: ${supported}`,
        field: `${path}.type`,
      });
    }
    if (node.uniqueItems)
      this.#forbid(`${path}.uniqueItems`, "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
    if (pattern !== undefined) this.#pattern(pattern, `${path}.pattern`);
    if (node.default !== undefined && node.default !== null) this.#default(node, path);
    if (node.properties && node.additionalProperties !== undefined && node.additionalProperties !== false) {
      this.#forbid(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive");
    }
    this.#lists(node, path);
  }

  #default(node: SchemaNode, path: string): void {
    const { default: value, ...rest } = node;
    for (const cause of validate(rest, value))
      this.#causes.push({ ...cause, field: `${path}.default${cause.field ? `.${cause.field}` : ""}` });
  }

  #pattern(pattern: string, field: string): void {
    try {
      compilePattern(pattern);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      const why =
        /missing closing \)|unbalanced|missing/i.test(error.message) && pattern.includes("(")
          ? `missing closing ): \`${pattern}\``
          : error.message;
      this.#invalid(field, pattern, `must be a valid regular expression, but isn't: error parsing regexp: ${why}`);
    }
  }

  #lists(node: SchemaNode, path: string): void {
    const kind = node["x-kubernetes-list-type"];
    if (kind === "map" && !node["x-kubernetes-list-map-keys"]?.length) {
      this.#require(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map");
    }
    if (kind === "set" && node.items?.type === "object" && node.items["x-kubernetes-map-type"] !== "atomic") {
      const value = node.items["x-kubernetes-map-type"] ?? null;
      this.#invalid(`${path}.items.x-kubernetes-map-type`, value, "must be atomic as item of a list with x-kubernetes-list-type=set");
    }
    if (node.type === "array" && !node.items) this.#require(`${path}.items`, "must be specified");
  }

  /** Outside of alternatives a schema says what everything is. */
  #type(node: SchemaNode, path: string, place: Place): void {
    if (node.type !== undefined || (node as { $ref?: string }).$ref !== undefined) return;
    if (node["x-kubernetes-int-or-string"] || node["x-kubernetes-preserve-unknown-fields"]) return;
    const where =
      place === "root"
        ? "must not be empty at the root"
        : place === "item"
          ? "must not be empty for specified array items"
          : "must not be empty for specified object fields";
    this.#require(`${path}.type`, where);
  }

  #structure(node: SchemaNode, path: string, place: Place): void {
    if (place === "root" && node.type !== undefined && node.type !== "object")
      this.#invalid(`${path}.type`, node.type, "must be object at the root");
  }

  /** Within alternatives a schema only judges. */
  #junctor(node: SchemaNode, path: string): void {
    const forbidden = ["description", "type", "default", "additionalProperties", "nullable", "title"] as const;
    for (const field of forbidden)
      if (node[field] !== undefined && node[field] !== "") this.#forbid(`${path}.${field}`, "must be empty to be structural");
  }

  #metadata(node: SchemaNode, path: string): void {
    const { properties = {}, ...rest } = node;
    const names = Object.keys(properties);
    const others = Object.keys(rest).filter((field) => field !== "type" && field !== "description");
    if (others.length > 0 || names.some((name) => name !== "name" && name !== "generateName")) {
      this.#forbid(path, "must not specify anything other than name and generateName, but metadata is implicitly specified");
      return;
    }
    for (const [name, inner] of Object.entries(properties)) {
      if (inner.default !== undefined) this.#forbid(`${path}.properties[${name}].default`, "must not be set in top-level metadata");
    }
  }

  #invalid(field: string, value: unknown, why: string): void {
    this.#causes.push({ reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field });
  }
  #forbid(field: string, why: string): void {
    this.#causes.push({ reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field });
  }
  #require(field: string, why: string): void {
    this.#causes.push({ reason: "FieldValueRequired", message: `Required value${why === "" ? "" : `: ${why}`}`, field });
  }
}
