// Definitions of built-in kinds as an API server publishes them.
import { type Definition, rawDefinitions } from "@outrigger/kit/kinds";

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
    found[name] = body(facts, refer);
  }
  return found;
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
