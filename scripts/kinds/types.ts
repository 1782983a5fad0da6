// node scripts/kinds/types.ts [--check]: writes the static types of Kubernetes' own kinds (packages/kit/src/kubernetes) and
// their definitions (packages/kit/src/kinds/builtin.ts) from the table of kinds. With --check it writes nothing and fails
// when a file differs from what it would write; `npm run lint` runs that.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

interface Schema {
  readonly type?: string;
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}
interface Row {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope: string;
  readonly definition: string;
}
interface Table {
  readonly groups: readonly { readonly name: string; readonly preferred: string }[];
  readonly rows: readonly Row[];
  readonly definitions: Readonly<Record<string, Schema>>;
}
/** A module of types: the definitions of one version of one group. */
interface Module {
  /** `core-v1`: the file's name. */
  readonly file: string;
  /** `core`, or `autoscalingV1` where another version is preferred: the name under which the module is exported. */
  readonly name: string;
  /** Type name → the name of its definition. */
  readonly types: Map<string, string>;
}

const root = resolve(import.meta.dirname, "../..");
const TYPES = "packages/kit/src/kubernetes";
const KINDS = "packages/kit/src/kinds/builtin.ts";
const HEAD = "// Written by scripts/kinds/types.ts from the table of kinds; do not edit.\n";

/** Definitions whose JSON form OpenAPI does not say: Go types with marshalling of their own. */
const BY_HAND: Readonly<Record<string, string>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": "string",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "number | string",
  "io.k8s.apimachinery.pkg.runtime.RawExtension": "{ [field: string]: unknown }",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "{ [field: string]: unknown }",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "unknown",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "JSONSchemaProps | JSONSchemaProps[]",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "JSONSchemaProps | boolean",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "JSONSchemaProps | string[]",
};
/** Groups of which parts can be embedded, as `t.Kubernetes` resolves their names. */
const EMBEDDABLE = /^io\.k8s\.(api\.\w+|apimachinery\.pkg\.apis\.meta)\.v\d+\.\w+$/;
/** Kinds that are served in two groups: the name belongs to the first, as in `kubectl get`. */
const SECOND = new Set(["events.k8s.io/Event"]);

const data = <T>(file: string): T => JSON.parse(readFileSync(join(root, file), "utf8")) as T;
const table: Table = {
  ...data<Omit<Table, "definitions">>("packages/machinery/data/kinds.json"),
  definitions: data("packages/kit/data/definitions.json"),
};
const preferred = new Map(table.groups.map(({ name, preferred }) => [name, preferred]));
const modules = modulesOf(table);
const files: Record<string, string> = { [`${TYPES}/index.ts`]: index(), [`${TYPES}/parts.ts`]: parts(), [KINDS]: builtIns() };
for (const module of modules.values()) files[`${TYPES}/${module.file}.ts`] = moduleText(module);

if (process.argv.includes("--check")) {
  const stale = Object.keys(files).filter((file) => readOrNothing(file) !== files[file]);
  for (const file of stale) console.error(`${file} is stale: run npm run generate:types`);
  if (stale.length === 0) console.log(`types: ${Object.keys(files).length} files match the table of kinds`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text);
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(join(root, file), "utf8");
  } catch {
    return "";
  }
}

/** `io.k8s.api.core.v1.Pod` → module `core-v1`, type `Pod`. Definitions outside a group (Quantity) stand with meta's. */
function placeOf(definition: string): { readonly file: string; readonly type: string } {
  const [type = "", version = "", group = ""] = definition.split(".").reverse();
  return { file: /^v\d/.test(version) ? `${group}-${version}` : "meta-v1", type };
}

function modulesOf({ definitions, groups }: Table): Map<string, Module> {
  const found = new Map<string, Module>();
  const isPreferred = (group: string, version: string): boolean =>
    groups.every(({ name, preferred }) => name.split(".")[0] !== group || preferred === version);
  for (const [definition, schema] of Object.entries(definitions)) {
    if (isList(schema)) continue;
    const { file, type } = placeOf(definition);
    const [group = "", version = ""] = file.split("-");
    const name = isPreferred(group, version) ? group : `${group}${version.toUpperCase()}`;
    const module = found.get(file) ?? { file, name, types: new Map() };
    found.set(file, module);
    module.types.set(type, definition);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Lists of kinds: the client has its own type for them. */
function isList({ properties }: Schema): boolean {
  return properties?.["metadata"]?.$ref === "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta" && properties["items"] !== undefined;
}

function moduleText(module: Module): string {
  const used = new Set<string>();
  const types = [...module.types]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, definition]) => declaration(name, definition, module, used));
  const imports = [...used].sort().map((file) => `import type * as ${modules.get(file)!.name} from "./${file}.ts";\n`);
  return `${HEAD}${imports.join("")}\n${types.join("\n")}\n`;
}

function declaration(name: string, definition: string, module: Module, used: Set<string>): string {
  const schema = table.definitions[definition]!;
  const byHand = BY_HAND[definition];
  if (byHand !== undefined) return `export type ${name} = ${byHand};`;
  if (!schema.properties) return `export type ${name} = ${typeOf(schema, module, used)};`;
  const kind = table.rows.find((row) => row.definition === definition);
  const fields = Object.entries(schema.properties).map(([field, child]) => {
    const type = (kind && literalOf(kind, field)) ?? typeOf(child, module, used);
    return `${key(field)}${schema.required?.includes(field) ? "" : "?"}: ${type}`;
  });
  return `export interface ${name} { ${fields.join("; ")} }`;
}

function literalOf(row: Row, field: string): string | undefined {
  if (field === "kind") return JSON.stringify(row.kind);
  return field === "apiVersion" ? JSON.stringify(apiVersionOf(row)) : undefined;
}

function typeOf(schema: Schema, module: Module, used: Set<string>): string {
  if (schema.$ref !== undefined) {
    const { file, type } = placeOf(schema.$ref);
    if (file === module.file) return type;
    used.add(file);
    return `${modules.get(file)!.name}.${type}`;
  }
  if (schema.type === "array") return arrayOf(typeOf(schema.items ?? {}, module, used));
  if (schema.type === "object") {
    const values = typeof schema.additionalProperties === "object" ? typeOf(schema.additionalProperties, module, used) : "unknown";
    return `{ [key: string]: ${values} }`;
  }
  if (schema.type === "integer" || schema.type === "number") return "number";
  return schema.type === "string" || schema.type === "boolean" ? schema.type : "unknown";
}

function arrayOf(items: string): string {
  return /^[\w.]+$/.test(items) ? `${items}[]` : `(${items})[]`;
}

function key(field: string): string {
  return /^[\w$]+$/.test(field) ? field : JSON.stringify(field);
}

function apiVersionOf({ group, version }: Row): string {
  return group === "" ? version : `${group}/${version}`;
}

function index(): string {
  const exports = [...modules.values()].map(({ file, name }) => `export type * as ${name} from "./${file}.ts";`);
  return `/**
 * Static types of Kubernetes' own kinds and their parts, a namespace for each group: \`core.PodSpec\`, \`apps.Deployment\`.
 *
 * Guarantees
 * - The types are those of the release whose table of kinds the project ships; \`npm run lint\` fails where they differ.
 * - A group's name means its preferred version; another version has its number in the name (\`autoscalingV1\`).
 * - There is nothing here at run time.
 * - Each module is an entry of the package too (\`@outrigger/kit/kubernetes/core-v1\`), by which the compiler names what it infers.
 */
${exports.join("\n")}
export type { KubernetesParts } from "./parts.ts";
`;
}

/** Every part that a schema can embed: no kind itself, no status of one, and not containing itself. */
function parts(): string {
  const kinds = new Set(table.rows.map(({ definition }) => definition));
  const groups = [...modules.values()].map(({ file, name, types }) => {
    const [group, version] = file.split("-");
    const names = [...types].flatMap(([type, definition]) => {
      const { properties } = table.definitions[definition]!;
      const isPart = properties !== undefined && !kinds.has(definition) && !isRecursive(definition, []);
      return isPart && EMBEDDABLE.test(definition) && !type.endsWith("Status") && !properties["apiVersion"] ? [type] : [];
    });
    const fields = names.sort().map((type) => `readonly ${type}: ${name}.${type}`);
    return { name, file, text: fields.length === 0 ? "" : `  readonly "${group}/${version}": { ${fields.join("; ")} };\n` };
  });
  const present = groups.filter(({ text }) => text !== "");
  return `${HEAD}${present.map(({ name, file }) => `import type * as ${name} from "./${file}.ts";\n`).join("")}
/** What \`t.Kubernetes\` knows: the group and its version, the part's name, its static type. */
export interface KubernetesParts {
${present.map(({ text }) => text).join("")}}
`;
}

function isRecursive(definition: string, above: readonly string[]): boolean {
  if (above.includes(definition)) return true;
  return references(table.definitions[definition]).some((one) => isRecursive(one, [...above, definition]));
}

function references(schema: Schema | undefined): string[] {
  if (!schema) return [];
  const { $ref, properties, items, additionalProperties } = schema;
  const values = typeof additionalProperties === "object" ? [additionalProperties] : [];
  return [
    ...($ref === undefined ? [] : [$ref]),
    ...[...Object.values(properties ?? {}), ...(items ? [items] : []), ...values].flatMap(references),
  ];
}

function builtIns(): string {
  const rows = table.rows.filter(({ group, version, kind }) => preferred.get(group) === version && !SECOND.has(`${group}/${kind}`));
  const used = new Set<string>();
  const lines = rows.map((row) => {
    const { file, type } = placeOf(row.definition);
    const { name } = modules.get(file)!;
    used.add(name);
    const [apiVersion, kind, scope] = [JSON.stringify(apiVersionOf(row)), JSON.stringify(row.kind), JSON.stringify(row.scope)];
    const full = `${name}.${type}`;
    return `/** The kind \`${row.kind}\` of \`${apiVersionOf(row)}\`; as a type, an object of it as the API server returns it. */
export type ${row.kind} = Observed<typeof ${row.kind}>;
export const ${row.kind}: BuiltIn<${apiVersion}, ${kind}, ${full}, ${scope}> = builtIn<${full}>()(${apiVersion}, ${kind}, "${row.plural}", ${scope});`;
  });
  return `${HEAD}// Kubernetes' own kinds in their preferred versions; \`Event\` is that of v1.
import { type BuiltIn, builtIn, type Observed } from "../api/index.ts";
import type { ${[...used].sort().join(", ")} } from "../kubernetes/index.ts";

${lines.join("\n")}
`;
}
