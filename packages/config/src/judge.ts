import type { Cause } from "@outrigger/kit/api";
import { prune, type SchemaNode } from "@outrigger/kit/schema";
import { validateRules } from "@outrigger/machinery/cel";
import { applyDefaults, dropNulls, validate, validateListTypes } from "@outrigger/machinery/schema";
import { ConfigurationError, type ConfigurationProblem } from "./error.ts";
import { type ConfigurationSource, depthOf, type Place, type Reading, stepsTo } from "./source.ts";

type Json = Record<string, unknown>;

/**
 * One value of what all sources say, defaults filled in.
 *
 * @throws ConfigurationError where it does not fit the schema; each problem names the place that it comes from
 */
export function judge(schema: SchemaNode, readings: readonly (readonly [ConfigurationSource, Reading])[]): unknown {
  const problems: ConfigurationProblem[] = [];
  let merged: unknown = {};
  for (const [source, { value, locate }] of readings) {
    if (value === undefined) continue;
    if (!isObject(value)) {
      const { line, column } = locate?.("") ?? {};
      problems.push({
        source: source.name,
        ...(line === undefined ? {} : { line, column: column ?? 1 }),
        message: "the content must be an object",
      });
    } else merged = mergeOver(merged as Json, value);
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  const asWritten = structuredClone(merged);
  applyDefaults(schema, merged);
  dropNulls(schema, merged);
  const causes: Cause[] = prune(schema, merged, false).map((field) => ({
    reason: "FieldValueInvalid",
    field,
    message: "there is no such field",
  }));
  causes.push(...validate(schema, merged), ...validateListTypes(schema, merged));
  if (causes.length === 0) causes.push(...validateRules(schema, merged));
  if (causes.length > 0) throw new ConfigurationError(causes.map((cause) => located(cause, readings, asWritten)));
  return merged;
}

function located(
  { field = "", message }: Cause,
  readings: readonly (readonly [ConfigurationSource, Reading])[],
  merged: unknown,
): ConfigurationProblem {
  const steps = stepsTo(field, merged);
  let place: Place | undefined;
  for (const [source, { value, locate }] of readings) {
    if (value === undefined) continue;
    const found = locate?.(field) ?? { depth: depthOf(steps, value), source: source.name };
    if (!place || found.depth >= place.depth) place = found;
  }
  const { line, column } = place ?? {};
  return {
    source: place?.source ?? "configuration",
    ...(line === undefined ? {} : { line, column: column ?? 1 }),
    ...(field === "" ? {} : { field }),
    message,
  };
}

function mergeOver(under: Json, over: Json): Json {
  const merged: Json = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = Object.hasOwn(merged, key) ? merged[key] : undefined;
    // Defined, not assigned: a key `__proto__` is a key like any other.
    const next = isObject(below) && isObject(value) ? mergeOver(below, value) : structuredClone(value);
    Object.defineProperty(merged, key, { value: next, enumerable: true, configurable: true, writable: true });
  }
  return merged;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
