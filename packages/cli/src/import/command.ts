import { readFileSync, writeFileSync } from "node:fs";
import type { CustomResourceDefinitionObject } from "@outrigger/kit/schema";
import { parseAllDocuments } from "yaml";
import { CliError } from "../errors.ts";
import { whyNotWritten } from "../files.ts";
import { type ClusterOptions, withClient } from "../kubeconfig.ts";
import { importDefinition } from "./definition.ts";

export interface ImportOptions extends ClusterOptions {
  /** Names of definitions in the cluster, such as `networks.example.com`. */
  readonly fromCluster?: readonly string[];
  /** Where the source is written. Default: standard output. */
  readonly output?: string;
}

const API = "apiextensions.k8s.io";

/** Prints, or writes, one module that declares the kinds of all given definitions. @throws CliError for what cannot be imported. */
export async function importDefinitions(files: readonly string[], options: ImportOptions): Promise<void> {
  const { fromCluster = [], output } = options;
  if (files.length === 0 && fromCluster.length === 0)
    throw new CliError("import what? name files with CustomResourceDefinitions, or some in the cluster with --from-cluster", {
      exitCode: 2,
    });
  const definitions = [...files.flatMap(definitionsOf), ...(fromCluster.length > 0 ? await read(fromCluster, options) : [])];
  const source = moduleOf(definitions);
  if (output === undefined) {
    process.stdout.write(source);
    return;
  }
  try {
    writeFileSync(output, source, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw new CliError(`${output} exists: remove it, or name another file`);
    throw new CliError(`cannot write ${output} (${whyNotWritten(error) ?? (error as Error).message})`, { cause: error });
  }
}

/** The source of one module. @throws CliError for what cannot be imported. */
export function moduleOf(definitions: readonly CustomResourceDefinitionObject[]): string {
  const taken = new Set<string>();
  const all = definitions.map((definition) => {
    const { names, group } = definition.spec as { names: { kind: string }; group: string };
    const variable = variableOf(names.kind, group, taken);
    taken.add(variable);
    return importDefinition(definition, variable);
  });
  const bare = (name: string): string => name.replace("type ", "");
  const uses = [...new Set([...all.flatMap((one) => one.uses), "t"])]
    .filter((name) => name !== "t" || all.some(({ source }) => /\bt\./.test(source)))
    .sort((a, b) => bare(a).localeCompare(bare(b)));
  return `import { ${uses.join(", ")} } from "@outrigger/kit";\n\n${all.map(({ source }) => source).join("\n")}`;
}

/** The kind, unless it is taken or has a meaning in TypeScript. */
function variableOf(kind: string, group: string, taken: ReadonlySet<string>): string {
  if (!(kind in globalThis) && !taken.has(kind)) return kind;
  const [first = ""] = group.split(".");
  const longer = `${first[0]?.toUpperCase()}${first.slice(1).replaceAll("-", "")}${kind}`;
  if (taken.has(longer)) throw new CliError(`${kind} comes twice from ${group}: import each into a file of its own`);
  return longer;
}

function definitionsOf(file: string): CustomResourceDefinitionObject[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CliError(`${file}: ${(error as Error).message}`, { exitCode: 2, cause: error });
  }
  const found = parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new CliError(`${file}: ${error.message.split("\n")[0]}`);
    const object = document.toJS() as { kind?: string; apiVersion?: string; items?: unknown[] } | null;
    return (object?.kind?.endsWith("List") && object.items ? object.items : [object]) as CustomResourceDefinitionObject[];
  });
  const definitions = found.filter((object) => object?.kind === "CustomResourceDefinition" && object.apiVersion.startsWith(API));
  if (definitions.length === 0) throw new CliError(`${file}: there is no CustomResourceDefinition in it`);
  for (const { apiVersion } of definitions)
    if (apiVersion !== `${API}/v1`)
      throw new CliError(`${file}: ${apiVersion} is no longer served: outrigger convert-crd ${file} makes it v1`);
  return definitions;
}

async function read(names: readonly string[], options: ClusterOptions): Promise<CustomResourceDefinitionObject[]> {
  const { CustomResourceDefinition } = await import("@outrigger/kit");
  return withClient(options, async (client) => {
    const all: CustomResourceDefinitionObject[] = [];
    for (const name of names) all.push((await client.get(CustomResourceDefinition, { name })) as unknown as CustomResourceDefinitionObject);
    return all;
  });
}
