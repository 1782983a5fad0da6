import { escapedName } from "./escape.ts";
import type { SchemaNode, ValidationRule } from "./node.ts";
import { IMMUTABLE } from "./options.ts";

type Node = SchemaNode & { [IMMUTABLE]?: true };

/**
 * The rule of an object about an optional field of it that is immutable: a field's own rule is not asked where the field was
 * not there before, or is no more.
 *
 * @throws RangeError for a field's name that no CEL expression can write.
 */
export function presenceRule(name: string): ValidationRule {
  const escaped = escapedName(name);
  if (escaped === undefined) throw new RangeError(`the field ${name} cannot be immutable: no CEL rule can name it`);
  return { rule: `has(self.${escaped}) == has(oldSelf.${escaped})`, message: `${name} is immutable: it can be neither added nor removed` };
}

/** @throws RangeError for an immutable part of the items of a list whose items the API server cannot tell apart. */
export function refuseImmutableItems(list: SchemaNode): void {
  if (list["x-kubernetes-list-type"] !== "map" && list.items && hasImmutable(list.items))
    throw new RangeError(
      'items of a list, and their fields, can be immutable only in a list that is a map: say listType: "map" and listMapKeys, or make the whole list immutable',
    );
}

function hasImmutable(node: Node): boolean {
  if (node[IMMUTABLE]) return true;
  const { properties = {}, additionalProperties, items } = node;
  return [...Object.values(properties), items, additionalProperties].some((one) => typeof one === "object" && hasImmutable(one));
}
