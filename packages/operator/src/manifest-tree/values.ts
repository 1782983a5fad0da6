import { stringify } from "yaml";
import type { Values } from "./template.ts";

/** A value of a chart: values.yaml, values.schema.json and the plain manifests are made of it. */
export interface Value {
  readonly comment: string;
  readonly default: unknown;
  readonly schema: Readonly<Record<string, unknown>>;
}
export type ValueTree = { readonly [name: string]: Value | ValueTree };

export function isValue(one: Value | ValueTree): one is Value {
  return "schema" in one && "comment" in one;
}

/** The default of each value. */
export function defaults(tree: ValueTree): Values {
  return Object.fromEntries(Object.entries(tree).map(([name, one]) => [name, isValue(one) ? one.default : defaults(one)]));
}

/** The lines of `values.yaml` for one value or group of values, without an indent. */
export function valueLines(name: string, one: Value | ValueTree): string[] {
  if (isValue(one)) {
    const comment = one.comment === "" ? [] : [`# ${one.comment}`];
    return [
      ...comment,
      ...stringify({ [name]: one.default }, { lineWidth: 0 })
        .trimEnd()
        .split("\n"),
    ];
  }
  return [`${name}:`, ...Object.entries(one).flatMap(([key, child]) => valueLines(key, child).map((line) => `  ${line}`))];
}

/** `values.schema.json`: a value that the chart does not know is an error, instead of a wish that nobody hears. */
export function valuesSchema(tree: ValueTree): object {
  return { $schema: "http://json-schema.org/draft-07/schema#", ...group(tree, { global: { type: "object" } }) };
}
function group(tree: ValueTree, more: Readonly<Record<string, object>> = {}): object {
  const properties = Object.entries(tree).map(([name, one]) => {
    if (!isValue(one)) return [name, group(one)] as const;
    return [name, one.comment === "" ? one.schema : { description: one.comment, ...one.schema }] as const;
  });
  return { type: "object", properties: { ...Object.fromEntries(properties), ...more }, additionalProperties: false };
}
