import type { SchemaNode } from "@outrigger/kit/schema";
import { ConfigurationError, type ConfigurationProblem } from "./error.ts";
import { type ConfigurationSource, depthOf, stepsTo } from "./source.ts";

/**
 * Fields from variables: with the prefix `BFE`, `server.maxConnections` is `BFE_SERVER_MAX_CONNECTIONS`. Numbers and booleans are read
 * as such, lists and maps as JSON; a variable that is not set or empty says nothing.
 *
 * @param variables default: those of this process, as they are at the first reading
 */
export function environment(prefix: string, variables: Readonly<Record<string, string | undefined>> = process.env): ConfigurationSource {
  const name = "the environment";
  return {
    name,
    async read(schema) {
      const problems: ConfigurationProblem[] = [];
      const named = new Map<string, string>();
      const value = fill(schema, prefix, [], variables, problems, named);
      if (problems.length > 0) throw new ConfigurationError(problems);
      return {
        value,
        locate(field) {
          const steps = stepsTo(field, value);
          for (let length = steps.length; length > 0; length--) {
            const variable = named.get(JSON.stringify(steps.slice(0, length)));
            if (variable !== undefined) return { depth: depthOf(steps, value), source: `the variable ${variable}` };
          }
          return { depth: 0, source: name };
        },
      };
    },
  };
}

function fill(
  schema: SchemaNode,
  prefix: string,
  path: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
  problems: ConfigurationProblem[],
  named: Map<string, string>,
): unknown {
  const variable = [prefix, ...path.map(constantCase)].filter((part) => part !== "").join("_");
  const text = path.length > 0 ? variables[variable] : undefined;
  if (text) {
    named.set(JSON.stringify(path), variable);
    const converted = convert(schema, text);
    if ("value" in converted) return converted.value;
    // Kubernetes sets variables for Services of the same names (`BFE_PORT=tcp://10.0.0.1:80`).
    const hint = /^(tcp|udp|sctp):\/\//.test(text) ? "; a Service's link has this name: set enableServiceLinks: false on the pod" : "";
    problems.push({ source: `the variable ${variable}`, field: path.join("."), message: `${converted.wrong}${hint}` });
    return undefined;
  }
  if (!schema.properties) return undefined;
  const fields: Record<string, unknown> = {};
  for (const [field, child] of Object.entries(schema.properties)) {
    const value = fill(child, prefix, [...path, field], variables, problems, named);
    if (value !== undefined) fields[field] = value;
  }
  return Object.keys(fields).length > 0 ? fields : undefined;
}

function convert(schema: SchemaNode, text: string): { readonly value: unknown } | { readonly wrong: string } {
  switch (schema.type) {
    case "string":
      return { value: text };
    case "integer":
      return /^[+-]?\d+$/.test(text) ? { value: Number(text) } : { wrong: `${JSON.stringify(text)} is no whole number` };
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text))
        ? { value: Number(text) }
        : { wrong: `${JSON.stringify(text)} is no number` };
    case "boolean":
      if (/^(true|false)$/i.test(text)) return { value: text.toLowerCase() === "true" };
      return { wrong: `${JSON.stringify(text)} is neither true nor false` };
    default:
      if (schema["x-kubernetes-int-or-string"]) return { value: /^\d+$/.test(text) ? Number(text) : text };
      try {
        return { value: JSON.parse(text) as unknown };
      } catch {
        return { wrong: "the text is no JSON" };
      }
  }
}

/** `maxConnections` and `max-connections` are both `MAX_CONNECTIONS`. */
export function constantCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .toUpperCase();
}
