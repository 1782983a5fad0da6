import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Application, type DeclarationReflection, type ProjectReflection, ReflectionKind } from "typedoc";

const repository = join(import.meta.dirname, "../../..");
const out = join(repository, "docs/reference");

/** The types of Kubernetes' own kinds are generated and have no prose. */
const WITHOUT_PAGE = "kubernetes";

interface Entry {
  /** What is imported: `@outrigger/kit/client`. */
  readonly name: string;
  readonly declarations: string;
  readonly source: string;
}

/**
 * Writes `docs/reference`: a page for each entry that authors import, with the contract of its `index.ts` first.
 *
 * @returns what must be mended: exported names without a sentence, links that lead nowhere; a line each.
 */
export async function writeReference(): Promise<string[]> {
  rmSync(out, { recursive: true, force: true });
  const entries = entriesOf();
  const app = await Application.bootstrapWithPlugins({
    entryPoints: entries.map(({ declarations }) => declarations),
    tsconfig: configuration(),
    plugin: ["typedoc-plugin-markdown"],
    outputs: [{ name: "markdown", path: out }],
    excludeExternals: true,
    excludePrivate: true,
    excludeInternal: true,
    readme: "none",
    name: "API reference",
    disableSources: true,
    skipErrorChecking: true,
    validation: { invalidLink: true, notExported: false, notDocumented: false },
    logLevel: "Warn",
    ...{ hideBreadcrumbs: true, hidePageHeader: true, useCodeBlocks: true, outputFileStrategy: "modules", entryFileName: "index" },
    ...{ useHTMLAnchors: true, parametersFormat: "list", interfacePropertiesFormat: "list", sanitizeComments: true },
  } as never);
  const project = await app.convert();
  if (!project) throw new Error("TypeDoc could not read the declarations: npm run build makes them");
  for (const child of project.children ?? [])
    child.name = entries.find(({ declarations }) => isOf(child, declarations))?.name ?? child.name;
  const missing = unsaid(project);
  const warnings = app.logger.warningCount;
  app.validate(project);
  if (app.logger.warningCount > warnings) missing.push("links in comments lead nowhere: see the warnings above");
  await app.generateOutputs(project);
  arrange(entries);
  return missing;
}

function entriesOf(): Entry[] {
  const entry = (name: string, folder: string): Entry => ({
    name,
    declarations: join(repository, folder.replace("/src", "/dist"), "index.d.ts"),
    source: join(repository, folder, "index.ts"),
  });
  const folders = globSync("packages/kit/src/*/index.ts", { cwd: repository }).map((file) => dirname(file).split("/").at(-1) ?? "");
  return [
    entry("@outrigger/kit", "packages/kit/src"),
    ...folders
      .filter((folder) => folder !== WITHOUT_PAGE)
      .sort()
      .map((folder) => entry(`@outrigger/kit/${folder}`, `packages/kit/src/${folder}`)),
    entry("@outrigger/config", "packages/config/src"),
    entry("@outrigger/testing", "packages/testing/src"),
  ];
}

/** A configuration for TypeDoc's own compiler, in which typebox is a stand-in. */
function configuration(): string {
  const file = join(repository, "docs/.vitepress/cache/reference.tsconfig.json");
  mkdirSync(dirname(file), { recursive: true });
  const packages = ["kit", "config", "testing", "devcluster", "machinery", "operator", "agent", "cli"];
  const paths = Object.fromEntries(
    packages.flatMap((name) => [
      [`@outrigger/${name}`, [join(repository, `packages/${name}/dist/index.d.ts`)]],
      [`@outrigger/${name}/*`, [join(repository, `packages/${name}/dist/*/index.d.ts`)]],
    ]),
  );
  const compilerOptions = {
    ...{ target: "ES2023", module: "NodeNext", moduleResolution: "NodeNext", skipLibCheck: true, strict: true, noEmit: true },
    ...{ types: ["node"], typeRoots: [join(repository, "node_modules/@types")], allowImportingTsExtensions: true },
    paths: { typebox: [join(import.meta.dirname, "typebox.d.ts")], ...paths },
  };
  writeFileSync(file, JSON.stringify({ compilerOptions, files: entriesOf().map(({ declarations }) => declarations) }));
  return file;
}

function isOf(module: DeclarationReflection, declarations: string): boolean {
  const place = declarations.replace(`${repository}/packages/`, "").replace("/index.d.ts", "");
  return module.name === place || module.name.replace(/\/index$/, "") === place;
}

const SAID = ReflectionKind.Function | ReflectionKind.Class | ReflectionKind.Interface | ReflectionKind.TypeAlias | ReflectionKind.Variable;

/** Exported names without a sentence, a line each. */
function unsaid(project: ProjectReflection): string[] {
  const lines = new Set<string>();
  for (const one of project.getReflectionsByKind(SAID) as DeclarationReflection[]) {
    if (one.parent?.kind !== ReflectionKind.Module && one.parent?.kind !== ReflectionKind.Project) continue;
    // Definitions of built-in kinds are generated, one like the other.
    if (one.parent.name === "@outrigger/kit/kinds" && one.type?.toString().startsWith("BuiltIn")) continue;
    const comments = [one.comment, ...(one.signatures ?? []).map(({ comment }) => comment)];
    if (!comments.some((comment) => comment?.hasVisibleComponent())) lines.add(`${one.parent.name}: ${one.name} has no sentence`);
  }
  return [...lines].sort();
}

/** Gives each page its title, and the contract of its folder first. */
function arrange(entries: readonly Entry[]): void {
  const pages = globSync("**/*.md", { cwd: out }).map((file) => join(out, file));
  // TypeDoc numbers pages whose names an exported name has too.
  const plain = (text: string): string => text.replace(/(?<=\/|\()([a-z]+)-\d+\.md/g, "$1.md");
  for (const page of pages) {
    const text = plain(readFileSync(page, "utf8"));
    rmSync(page);
    const title = /^# (.*)$/m.exec(text)?.[1]?.replaceAll("\\", "");
    const entry = entries.find(({ name }) => name === title);
    const said = entry ? text.replace(/^# .*$/m, () => `# ${entry.name}\n\n${contract(entry.source)}`) : text;
    writeFileSync(plain(page), said);
  }
  if (!existsSync(join(out, "index.md"))) throw new Error(`TypeDoc wrote no index into ${out}`);
}

/** The comment at the head of a folder's `index.ts`, as Markdown. */
function contract(source: string): string {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(source, "utf8"))?.[1] ?? "";
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim()
    .replace(/^(Guarantees|Assumptions|Caveats?)$/gm, "**$1**\n");
}
