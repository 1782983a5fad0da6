import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What JSON as Go writes it depends on, of one struct. */
export interface GoFacts {
  /** JSON names in the order of the fields. */
  readonly order: string[];
  /** Fields that are pointers: their zero value is a value. */
  readonly pointers: string[];
  /** Slices and maps without omitempty, and times without omitzero: written as null when there are none. */
  readonly nullable: string[];
  /** Fields that are not written while they are zero, whatever their default says. */
  readonly omitted: string[];
}

/** One field of a struct, by its tags. */
export interface Field {
  readonly json: string;
  readonly type: string;
  readonly omitempty: boolean;
  readonly omitzero: boolean;
  readonly inline: boolean;
  /** The field's number on the wire; nothing where protobuf does not carry it. */
  readonly number: number | undefined;
}

/** Modules with API types, and the prefix of their definitions' names. */
const MODULES: readonly [module: string, prefix: string][] = [
  ["api", "io.k8s.api"],
  ["apimachinery", "io.k8s.apimachinery"],
  ["apiextensions-apiserver", "io.k8s.apiextensions-apiserver"],
  ["kube-aggregator", "io.k8s.kube-aggregator"],
];

/** Reads the struct types of k8s.io/api and its kin: definition's name → facts. */
export function goFacts(modules: string): Map<string, GoFacts> {
  const structs = goStructs(modules);
  const facts = new Map<string, GoFacts>();
  for (const name of structs.keys()) facts.set(name, factsOf(name, structs));
  return facts;
}

/** The fields of each struct: definition's name → fields. */
export function goStructs(modules: string): Map<string, Field[]> {
  const structs = new Map<string, Field[]>();
  for (const [module, prefix] of MODULES) {
    const [folder] = globSync(`k8s.io/${module}@v*`, { cwd: modules });
    if (!folder || !existsSync(join(modules, folder))) throw new Error(`no k8s.io/${module} in ${modules}`);
    for (const file of globSync("**/*types*.go", { cwd: join(modules, folder) })) {
      if (file.includes("testdata") || file.endsWith("_test.go") || file.includes("zz_generated")) continue;
      const folderName = file.split("/").slice(0, -1).join(".");
      const text = readFileSync(join(modules, folder, file), "utf8");
      for (const [, name, body] of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm))
        structs.set(`${prefix}.${folderName}.${name}`, fieldsOf(body!));
    }
  }
  return structs;
}

function fieldsOf(body: string): Field[] {
  const fields: Field[] = [];
  for (const line of body.split("\n")) {
    const found = /^\s*(?:(\w+)\s+)?(\S+)\s+`(?:[^`]*\s)?json:"([^"]*)"[^`]*`/.exec(line);
    if (!found) continue;
    const [, , type = "", tag = ""] = found;
    const number = /protobuf:"\w+,(\d+),/.exec(line)?.[1];
    const [json = "", ...options] = tag.split(",");
    if (json === "-") continue;
    fields.push({
      json,
      number: number === undefined ? undefined : Number(number),
      type,
      omitempty: options.includes("omitempty") || options.includes("omitzero"),
      omitzero: options.includes("omitzero"),
      inline: options.includes("inline") || json === "",
    });
  }
  return fields;
}

function factsOf(name: string, structs: ReadonlyMap<string, Field[]>): GoFacts {
  const facts: GoFacts = { order: [], pointers: [], nullable: [], omitted: [] };
  for (const { json, type, omitempty, omitzero, inline } of structs.get(name) ?? []) {
    if (inline) {
      const bare = type.replace(/^\*/, "");
      const target = bare.includes(".")
        ? { "metav1.TypeMeta": "io.k8s.apimachinery.pkg.apis.meta.v1.TypeMeta" }[bare]
        : `${name.slice(0, name.lastIndexOf("."))}.${bare}`;
      const inner = target && structs.has(target) ? factsOf(target, structs) : { order: [], pointers: [], nullable: [], omitted: [] };
      facts.order.push(...inner.order);
      facts.pointers.push(...inner.pointers);
      facts.nullable.push(...inner.nullable);
      facts.omitted.push(...inner.omitted);
      continue;
    }
    facts.order.push(json);
    if (type.startsWith("*")) {
      facts.pointers.push(json);
      if (!omitempty) facts.nullable.push(json);
    } else if (omitempty && /^(string|bool|u?int\d*)$/.test(type)) facts.omitted.push(json);
    else if (!omitempty && /^(\[\]|map\[)/.test(type)) facts.nullable.push(json);
    else if (!omitzero && /^(metav1\.)?(Micro)?Time$/.test(type)) facts.nullable.push(json);
  }
  return facts;
}
