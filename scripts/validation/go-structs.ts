// Derives packages/machinery/data/go-structs.json: names and order of the fields of those of Kubernetes'
// internal structs that its validation prints. Facts only; run with the roots of the modules k8s.io/kubernetes and
// k8s.io/api: node scripts/validation/go-structs.ts ~/go/pkg/mod/k8s.io/kubernetes@v1.36.3 ~/go/pkg/mod/k8s.io/api@v0.36.3
import { readFileSync, writeFileSync } from "node:fs";

const [kubernetes = "", api = ""] = process.argv.slice(2);
const ROOTS = [
  ...["SecurityContext", "SeccompProfile", "PodTemplateSpec", "EphemeralContainer", "ServicePort", "PodDisruptionBudgetSpec", "RoleRef"],
  ...["DeploymentStrategy", "DaemonSetUpdateStrategy", "StatefulSetUpdateStrategy", "SuccessPolicy", "Taint"],
  ...["PodFailurePolicy", "PersistentVolumeClaimSpec"],
];
const GROUPS: readonly (readonly [internal: string, versioned: string])[] = [
  ["core", "core/v1"],
  ["policy", "policy/v1"],
  ["rbac", "rbac/v1"],
  ["apps", "apps/v1"],
  ["batch", "batch/v1"],
];

interface GoField {
  readonly name: string;
  readonly type: string;
  readonly json: string;
  readonly embedded: boolean;
}

const internal = new Map<string, GoField[]>();
const versioned = new Map<string, GoField[]>();
const aliases = new Map<string, string>();
for (const [group, version] of GROUPS) {
  read(`${kubernetes}/pkg/apis/${group}/types.go`, internal);
  read(`${api}/${version}/types.go`, versioned);
}

function read(file: string, structs: Map<string, GoField[]>): void {
  const source = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  for (const [, name = "", type = ""] of source.matchAll(/^type (\w+) ([\w.*[\]]+)$/gm)) aliases.set(name, type);
  for (const [, name = "", body = ""] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    const fields = body.split("\n").flatMap((line): GoField[] => {
      const text = line.replace(/\/\/.*$/, "").trim();
      const [, tag = ""] = /json:"([^"]*)"/.exec(text) ?? [];
      const [first = "", second] = text.replace(/`.*`/, "").trim().split(/\s+/);
      if (first === "") return [];
      const json = tag.split(",")[0] ?? "";
      return second === undefined
        ? [{ name: first.split(".").at(-1) ?? "", type: first, json, embedded: true }]
        : [{ name: first, type: second, json, embedded: false }];
    });
    if (!structs.has(name)) structs.set(name, fields);
  }
}

function jsonNames(struct: string, names = new Map<string, string>()): Map<string, string> {
  for (const field of versioned.get(struct) ?? []) {
    if (field.embedded) jsonNames(field.name, names);
    else if (field.json !== "") names.set(field.name, field.json);
  }
  return names;
}

/** `string`, `number`, `boolean`, `bytes`, `quantity`, `intOrString`, `json`, a struct's name; `*`, `[]` and `{}` before it. */
function typeCode(type: string): string {
  if (type.startsWith("*")) return `*${typeCode(type.slice(1))}`;
  if (type === "[]byte") return "bytes";
  if (type.startsWith("[]")) return `[]${typeCode(type.slice(2))}`;
  const [, value] = /^map\[\w+(?:\.\w+)?\](.*)$/.exec(type) ?? [];
  if (value !== undefined) return `{}${typeCode(value)}`;
  if (/^u?int\d*$|^float\d+$/.test(type)) return "number";
  if (type === "string" || type === "types.UID") return "string";
  if (type === "bool") return "boolean";
  if (type === "resource.Quantity") return "quantity";
  if (type === "intstr.IntOrString") return "intOrString";
  if (internal.has(type)) {
    collect(type);
    return type;
  }
  const alias = aliases.get(type);
  return alias === undefined || alias === type ? "json" : typeCode(alias);
}

const result: Record<string, (readonly string[])[]> = {};
function collect(struct: string): void {
  if (result[struct]) return;
  const fields: (readonly string[])[] = [];
  result[struct] = fields;
  flatten(struct, jsonNames(struct), fields);
}

function flatten(struct: string, names: Map<string, string>, into: (readonly string[])[]): void {
  for (const field of internal.get(struct) ?? []) {
    if (field.embedded && field.name === "ObjectMeta") into.push(["", "", "metadata"]);
    else if (field.embedded) flatten(field.name, names, into);
    else into.push([field.name, names.get(field.name) ?? field.name.charAt(0).toLowerCase() + field.name.slice(1), typeCode(field.type)]);
  }
}

for (const root of ROOTS) collect(root);
const lines = Object.keys(result)
  .sort()
  .map((name) => `${JSON.stringify(name)}:${JSON.stringify(result[name])}`);
writeFileSync("packages/machinery/data/go-structs.json", `{\n${lines.join(",\n")}\n}\n`);
