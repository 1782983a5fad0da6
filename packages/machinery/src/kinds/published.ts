// Definitions of built-in kinds as an API server publishes them, with descriptions of our own.
import { type Definition, rawDefinitions } from "@outrigger/kit/kinds";
import { describeField, describeList, describeSchema } from "./descriptions.ts";

type Json = Record<string, unknown>;

/**
 * The definitions of the given names and all that they refer to, as `/openapi/v3` has them in `components.schemas`.
 * Names that are not known are left out.
 *
 * @param ref what stands before a name in a reference: `#/components/schemas/`, or `#/definitions/` in OpenAPI 2
 */
export function publishedDefinitions(names: Iterable<string>, ref: string): Record<string, object> {
  const definitions = rawDefinitions();
  const found: Record<string, object> = {};
  const waiting = [...names];
  const refer = (name: string): object => {
    waiting.push(name);
    return { $ref: `${ref}${name}` };
  };
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const definition = definitions[name];
    if (!definition || name in found) continue;
    const { order: _order, pointers: _pointers, nullables: _nullables, omitted: _omitted, ...facts } = definition;
    found[name] = described(name, body(facts, refer));
  }
  return found;
}

/** Adds the sentences about a schema and its fields. */
function described(name: string, written: Json): Json {
  const [kind] = (written["x-kubernetes-group-version-kind"] ?? []) as readonly { readonly kind: string }[];
  const role = kind === undefined ? "part" : kind.kind.endsWith("List") ? "list" : "object";
  for (const [field, property] of Object.entries((written["properties"] ?? {}) as Record<string, Json>)) {
    const text = withValues(describeField(name, field, role), property);
    if (text !== undefined) property["description"] = text;
  }
  const description = describeSchema(name) ?? (role === "list" ? describeList(kind!.kind.slice(0, -"List".length)) : undefined);
  return description === undefined ? written : { description, ...written };
}

/** Names the values of an enumeration where the sentence does not: kubectl up to 1.29 shows the description only. */
function withValues(text: string | undefined, property: Json): string | undefined {
  const values = (property["enum"] ?? (property["items"] as Json | undefined)?.["enum"] ?? []) as readonly string[];
  const quoted = values.filter((value) => value !== "").map((value) => `\`${value}\``);
  if (quoted.every((value) => text?.includes(value))) return text;
  return [text, `One of ${quoted.join(", ")}.`].filter((part) => part !== undefined).join(" ");
}

function body(definition: Definition, refer: (name: string) => object): Json {
  const { properties, items, additionalProperties, ...facts } = definition;
  const written: Json = { ...facts };
  if (properties)
    written["properties"] = Object.fromEntries(Object.entries(properties).map(([field, one]) => [field, child(one, refer, true)]));
  if (items) written["items"] = child(items, refer, false);
  if (typeof additionalProperties === "object") written["additionalProperties"] = child(additionalProperties, refer, false);
  else if (additionalProperties !== undefined) written["additionalProperties"] = additionalProperties;
  return written;
}

/** A reference stands alone, or, beside anything else, in `allOf`; properties may be described, so it stands there in any case. */
function child(definition: Definition, refer: (name: string) => object, property: boolean): object {
  const { $ref, ...beside } = definition;
  if ($ref === undefined) return body(definition, refer);
  const reference = refer($ref);
  return property || Object.keys(beside).length > 0 ? { ...beside, allOf: [reference] } : reference;
}
