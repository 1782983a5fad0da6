import type { SchemaNode } from "@outrigger/kit/schema";

/** A rule's `fieldPath` as causes print it. */
export interface RulePath {
  readonly text: string;
}

/**
 * Reads `.field`, `['field']` and `['key of a map']` steps against the schema that the rule stands in; `undefined` where
 * the path leads nowhere. Items of lists cannot be named.
 */
export function rulePath(schema: SchemaNode, path: string): RulePath | undefined {
  let node = schema;
  let text = "";
  let rest = path;
  if (rest === "") return undefined;
  while (rest !== "") {
    const [step, name, quoted] = /^(?:\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\])/.exec(rest) ?? [];
    if (step === undefined) return undefined;
    const field = name ?? quoted!.replace(/\\(.)/g, "$1");
    const property = node.properties && Object.hasOwn(node.properties, field) ? node.properties[field] : undefined;
    const entry = typeof node.additionalProperties === "object" ? node.additionalProperties : undefined;
    if (property) text += `.${field}`;
    else if (entry && name === undefined) text += `[${field}]`;
    else return undefined;
    node = (property ?? entry)!;
    rest = rest.slice(step.length);
  }
  return { text };
}
