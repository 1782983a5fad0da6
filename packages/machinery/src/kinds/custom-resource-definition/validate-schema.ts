import { isDeepStrictEqual } from "node:util";
import type { Cause } from "@outrigger/kit/api";
import { prune, type SchemaNode } from "@outrigger/kit/schema";
import { validate } from "../../schema/index.ts";
import { Findings } from "./findings.ts";
import { findInOpenApi } from "./openapi-schema.ts";
import { findInStructure } from "./structural-schema.ts";
import { ruleProblems } from "./validate-rules.ts";

/**
 * What a definition's schema may not be, in Kubernetes' order: what no schema may say, what is not structural, and where
 * it is sound, its defaults and its rules.
 */
export function schemaProblems(schema: SchemaNode, path: string): Cause[] {
  const said = new Findings();
  findInOpenApi(said, schema, path);
  const structure = new Findings();
  // With fields that it does not know, Kubernetes cannot read the schema any further.
  if (!said.causes.some(({ message }) => message.endsWith(" is not supported"))) findInStructure(structure, schema, path);
  const problems = [...said.causes, ...structure.causes.sort(byText)];
  if (structure.causes.length === 0) {
    const defaults = new Findings();
    findInDefaults(defaults, schema, path);
    problems.push(...defaults.causes);
  }
  return problems.length > 0 ? problems : ruleProblems(schema, path);
}

/** As Kubernetes sorts what its maps give in any order. */
function byText(a: Cause, b: Cause): number {
  const [left, right] = [a, b].map(({ field, message }) => `${field}: ${message}`) as [string, string];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A default must be a value that its own schema takes whole. */
function findInDefaults(found: Findings, node: SchemaNode, path: string): void {
  const { default: value, ...rest } = node;
  if (value !== undefined && value !== null) {
    const kept = { value: structuredClone(value) };
    prune({ type: "object", properties: { value: rest } }, kept);
    if (!isDeepStrictEqual(kept.value, value)) found.invalid(`${path}.default`, value, "must not have unknown fields");
    for (const cause of validate(rest, value))
      found.causes.push({ ...cause, field: `${path}.default${cause.field ? `.${cause.field}` : ""}` });
  }
  for (const [name, inner] of Object.entries(node.properties ?? {})) findInDefaults(found, inner, `${path}.properties[${name}]`);
  if (node.items) findInDefaults(found, node.items, `${path}.items`);
  if (typeof node.additionalProperties === "object") findInDefaults(found, node.additionalProperties, `${path}.additionalProperties`);
}
