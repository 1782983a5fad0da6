import { isDeepStrictEqual } from "node:util";
import type { SchemaNode } from "@outrigger/kit/schema";
import { compilePattern, PatternError } from "../../schema/index.ts";
import type { Findings } from "./findings.ts";

type Level = "root" | "item" | "field";

/** The one choice of types that a schema may spell out, where it says `x-kubernetes-int-or-string`. */
const isIntOrString = (anyOf: readonly SchemaNode[] | undefined): boolean =>
  isDeepStrictEqual(anyOf, [{ type: "integer" }, { type: "string" }]);

/**
 * What keeps a schema from being structural: it must say of everything what it is, outside of alternatives, which only
 * judge (k8s.io/apiextensions-apiserver/pkg/apiserver/schema).
 */
export function findInStructure(found: Findings, schema: SchemaNode, path: string): void {
  structure(found, schema, path, "root");
  complete(found, schema, schema, path, path);
}

function structure(found: Findings, node: SchemaNode, path: string, level: Level): void {
  if (node.type === "array" && !node.items) found.required(`${path}.items`, "must be specified");
  if (node.items) structure(found, node.items, `${path}.items`, "item");
  for (const [name, inner] of Object.entries(node.properties ?? {})) structure(found, inner, `${path}.properties[${name}]`, "field");
  const { additionalProperties: others } = node;
  if (others !== undefined && level === "root") found.forbidden(`${path}.additionalProperties`, "must not be used at the root");
  if (typeof others === "object") structure(found, others, `${path}.additionalProperties`, "field");
  const either = node["x-kubernetes-int-or-string"] === true;
  const embedded = node["x-kubernetes-embedded-resource"] === true;
  if (either && node["x-kubernetes-preserve-unknown-fields"])
    found.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, "must be false if x-kubernetes-int-or-string is true");
  if (either && embedded)
    found.invalid(`${path}.x-kubernetes-embedded-resource`, true, "must be false if x-kubernetes-int-or-string is true");
  judgments(found, node, path, either);
  types(found, node, path, level);
  metadata(found, node, path, level);
  if (embedded && !node["x-kubernetes-preserve-unknown-fields"] && Object.keys(node.properties ?? {}).length === 0)
    found.required(
      `${path}.properties`,
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
    );
}

function types(found: Findings, node: SchemaNode, path: string, level: Level): void {
  const embedded = node["x-kubernetes-embedded-resource"] === true;
  if (embedded && node.type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    if (!node.type) found.required(`${path}.type`, why);
    else found.invalid(`${path}.type`, node.type, why);
  } else if (!node.type && !node["x-kubernetes-int-or-string"] && !node["x-kubernetes-preserve-unknown-fields"]) {
    const where = { root: "at the root", item: "for specified array items", field: "for specified object fields" }[level];
    found.required(`${path}.type`, `must not be empty ${where}`);
  }
  if (embedded && node.additionalProperties !== undefined)
    found.forbidden(`${path}.additionalProperties`, "must not be used if x-kubernetes-embedded-resource is set");
  if (level === "root" && node.type && node.type !== "object") found.invalid(`${path}.type`, node.type, "must be object at the root");
}

/** The type and metadata of an object are what Kubernetes says they are. */
function metadata(found: Findings, node: SchemaNode, path: string, level: Level): void {
  const whole = level === "root" || node["x-kubernetes-embedded-resource"] === true;
  for (const name of ["kind", "apiVersion"]) {
    const property = node.properties?.[name];
    if (whole && property && property.type !== "string")
      found.invalid(`${path}.properties[${name}].type`, property.type ?? "", "must be string");
  }
  const given = node.properties?.["metadata"];
  if (!given) return;
  const at = `${path}.properties[metadata]`;
  if (whole && given.type !== "object") found.invalid(`${at}.type`, given.type ?? "", "must be object");
  if (level !== "root") return;
  const names = Object.keys(given.properties ?? {});
  const others = Object.entries(given).filter(
    ([field, value]) => !["type", "properties", "default", "description"].includes(field) && value !== undefined,
  );
  if (others.length > 0 || names.some((name) => name !== "name" && name !== "generateName"))
    found.forbidden(at, "must not specify anything other than name and generateName, but metadata is implicitly specified");
}

function judgments(found: Findings, node: SchemaNode, path: string, either: boolean): void {
  const anyOf = either && isIntOrString(node.anyOf) ? [] : (node.anyOf ?? []);
  for (const [index, inner] of anyOf.entries()) judgment(found, inner, `${path}.anyOf[${index}]`);
  for (const [index, inner] of (node.allOf ?? []).entries()) {
    const { anyOf: choice, ...rest } = inner;
    judgment(found, either && index === 0 && isIntOrString(choice) ? rest : inner, `${path}.allOf[${index}]`);
  }
  for (const [index, inner] of (node.oneOf ?? []).entries()) judgment(found, inner, `${path}.oneOf[${index}]`);
  if (node.not) judgment(found, node.not, `${path}.not`);
  if (node.pattern) patternProblem(found, node.pattern, `${path}.pattern`);
}

const EXTENSIONS: readonly (readonly [keyof SchemaNode, "false" | "empty" | "undefined"])[] = [
  ["x-kubernetes-preserve-unknown-fields", "false"],
  ["x-kubernetes-embedded-resource", "false"],
  ["x-kubernetes-int-or-string", "false"],
  ["x-kubernetes-list-map-keys", "empty"],
  ["x-kubernetes-list-type", "undefined"],
  ["x-kubernetes-map-type", "undefined"],
  ["x-kubernetes-validations", "empty"],
];

/** A part of an alternative: it may judge values, and say nothing else. */
function judgment(found: Findings, node: SchemaNode, path: string): void {
  judgments(found, node, path, false);
  if (node.items) judgment(found, node.items, `${path}.items`);
  for (const [name, inner] of Object.entries(node.properties ?? {})) judgment(found, inner, `${path}.properties[${name}]`);
  const structural = (field: string, must: string): void => found.forbidden(`${path}.${field}`, `must be ${must} to be structural`);
  if (node.type) structural("type", "empty");
  if (node.additionalProperties !== undefined) structural("additionalProperties", "undefined");
  if (node.default !== undefined) structural("default", "undefined");
  if (node.title) structural("title", "empty");
  if (node.description) structural("description", "empty");
  if (node.nullable) structural("nullable", "false");
  for (const [field, must] of EXTENSIONS) {
    const value = node[field];
    if (must === "undefined" ? value !== undefined : Array.isArray(value) ? value.length > 0 : Boolean(value)) structural(field, must);
  }
  if (node.properties?.["metadata"]) found.forbidden(`${path}.properties[metadata]`, "must not be specified in a nested context");
}

/** Whatever an alternative speaks of, the schema outside of it must have. */
function complete(found: Findings, judged: SchemaNode, node: SchemaNode, path: string, at: string): void {
  const each = (inner: SchemaNode, where: string): void => {
    completeInside(found, inner, node, path, where);
  };
  if (judged.not) each(judged.not, `${at}.not`);
  for (const junctor of ["allOf", "anyOf", "oneOf"] as const)
    for (const [index, inner] of (judged[junctor] ?? []).entries()) each(inner, `${at}.${junctor}[${index}]`);
}

function completeInside(found: Findings, judged: SchemaNode, node: SchemaNode | undefined, path: string, at: string): void {
  if (!node) {
    found.required(path, `because it is defined in ${at}`);
    return;
  }
  complete(found, judged, node, path, at);
  if (judged.items) completeInside(found, judged.items, node.items, `${path}.items`, `${at}.items`);
  for (const [name, inner] of Object.entries(judged.properties ?? {}))
    completeInside(found, inner, node.properties?.[name], `${path}.properties[${name}]`, `${at}.properties[${name}]`);
}

function patternProblem(found: Findings, pattern: string, field: string): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const why =
      /missing closing \)|unbalanced|missing/i.test(error.message) && pattern.includes("(")
        ? `missing closing ): \`${pattern}\``
        : error.message;
    found.invalid(field, pattern, `must be a valid regular expression, but isn't: error parsing regexp: ${why}`);
  }
}
