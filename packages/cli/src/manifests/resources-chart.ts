// The chart of custom resources: one list of values per kind, checked by the kind's own schema.
import type { Kind } from "../project/index.ts";
import { definitionOf } from "./definitions.ts";
import type { Files } from "./files.ts";
import type { Source } from "./names.ts";

export const resourcesFolder = (name: string): string => `charts/${name}-resources`;

/** `customPods`: where the values have a kind's objects. */
const listOf = ({ kind, plural }: Kind): string => {
  const common = [...kind.toLowerCase()].findIndex((letter, at) => plural[at] !== letter);
  const shared = common === -1 ? kind.length : common;
  return `${kind[0]?.toLowerCase()}${kind.slice(1, shared)}${plural.slice(shared)}`;
};

/** Files that are written anew each time. */
export function resourcesChart({ operator: { name, kinds } }: Source): Files {
  const folder = resourcesFolder(name);
  const templates = kinds.map((kind) => [
    `${folder}/templates/${kind.plural}.yaml`,
    [
      `{{- range $name, $spec := .Values.${listOf(kind)} }}`,
      "---",
      `apiVersion: ${kind.apiVersion}`,
      `kind: ${kind.kind}`,
      "metadata:",
      "  name: {{ $name }}",
      ...(kind.scope === "Namespaced" ? ["  namespace: {{ $.Release.Namespace }}"] : []),
      "spec:",
      "  {{- toYaml $spec | nindent 2 }}",
      "{{- end }}",
      "",
    ].join("\n"),
  ]);
  const properties = Object.fromEntries(
    kinds.map((kind) => [
      listOf(kind),
      { type: "object", description: `${kind.kind} objects by name: each has its spec.`, additionalProperties: jsonSchema(specOf(kind)) },
    ]),
  );
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    additionalProperties: false,
    properties: { ...properties, global: { type: "object" } },
  };
  return { ...Object.fromEntries(templates), [`${folder}/values.schema.json`]: `${JSON.stringify(schema, undefined, 2)}\n` };
}

/** `values.yaml`: made once, then the owner's. */
export function resourcesValues({ operator: { kinds } }: Source): string {
  const lists = kinds.map((kind) => `# ${kind.kind} objects by name: each has its spec.\n${listOf(kind)}: {}\n`);
  return `# This file is yours.\n${lists.join("")}`;
}

type Schema = Record<string, unknown>;

function specOf(kind: Kind): Schema {
  const versions = definitionOf(kind).spec["versions"] as unknown as {
    name: string;
    schema: { openAPIV3Schema: { properties: { spec: Schema } } };
  }[];
  const [, version] = kind.apiVersion.split("/");
  return versions.find(({ name }) => name === version)?.schema.openAPIV3Schema.properties.spec ?? {};
}

/** A structural schema as JSON Schema says it; what only an API server checks (rules, list keys) is left to it. */
function jsonSchema(schema: Schema): Schema {
  const {
    nullable,
    "x-kubernetes-int-or-string": intOrString,
    "x-kubernetes-preserve-unknown-fields": open,
    properties,
    items,
    additionalProperties,
    ...rest
  } = schema;
  const plain = Object.fromEntries(
    Object.entries(rest).filter(([key]) => !key.startsWith("x-kubernetes-") && key !== "default" && key !== "format"),
  );
  const children = {
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties as Record<string, Schema>).map(([key, child]) => [key, jsonSchema(child)]),
          ),
        }
      : {}),
    ...(properties && !open && additionalProperties === undefined ? { additionalProperties: false } : {}),
    ...(items ? { items: jsonSchema(items as Schema) } : {}),
    ...(typeof additionalProperties === "object" ? { additionalProperties: jsonSchema(additionalProperties as Schema) } : {}),
    ...(typeof additionalProperties === "boolean" ? { additionalProperties } : {}),
    ...(intOrString ? { type: ["integer", "string"] } : {}),
  };
  const whole = { ...plain, ...children };
  return nullable ? { anyOf: [{ type: "null" }, whole] } : whole;
}
