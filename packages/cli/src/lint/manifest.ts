// YAML documents with their places.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Document, isAlias, isMap, isNode, isSeq, LineCounter, parseAllDocuments } from "yaml";
import { CliError } from "../errors.ts";

type Path = readonly (string | number)[];

/** One object of a file. */
export interface Manifest {
  readonly file: string;
  /** The folder of the chart whose template it is; `undefined` for plain files. */
  readonly chart: string | undefined;
  readonly object: Record<string, unknown>;
  /** Line of a part of it, or of the nearest part around it that is there. */
  line(path: Path): number;
  /** Rules that its comments silence. */
  readonly allowed: ReadonlySet<string>;
}

/** What stands where a template's action was: no rule knows anything about it. */
export const UNKNOWN = "outrigger-lint-unknown";

/** Every object of these files and folders. @throws CliError for what does not exist or is no YAML. */
export function readManifests(paths: readonly string[]): Manifest[] {
  return [...new Set(paths.flatMap(filesOf))].sort().flatMap(readFile);
}

function filesOf(path: string): string[] {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (!kind) throw new CliError(`${path}: no such file or folder`, { exitCode: 2 });
  if (kind.isFile()) return [path];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const child = join(path, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" || entry.name.startsWith(".") ? [] : filesOf(child);
    return /\.ya?ml$/.test(entry.name) ? [child] : [];
  });
}

function readFile(file: string): Manifest[] {
  const text = readFileSync(file, "utf8");
  const chart = chartOf(file);
  // A chart's values are not objects of a cluster.
  if (chart !== undefined && dirname(file) === chart) return [];
  const lines = new LineCounter();
  const documents = parseAllDocuments(chart === undefined ? text : withoutActions(text), { lineCounter: lines });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error && chart === undefined) throw new CliError(`${file}: ${error.message.split("\n")[0]}`);
    const object: unknown = error ? undefined : document.toJS();
    if (typeof object !== "object" || object === null || typeof (object as { kind?: unknown }).kind !== "string") return [];
    const [start = 0, , end = text.length] = document.range ?? [];
    const allowed = new Set([...text.slice(start, end).matchAll(/# outrigger-lint: allow ([\w-]+)/g)].map(([, rule = ""]) => rule));
    return [{ file, chart, object: object as Record<string, unknown>, allowed, line: (path) => lineOf(document, path, lines) }];
  });
}

/** The chart that a file belongs to: the nearest folder above with a Chart.yaml. */
function chartOf(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (statSync(join(folder, "Chart.yaml"), { throwIfNoEntry: false })) return folder;
    if (dirname(folder) === folder || basename(folder) === "") return undefined;
  }
}

/** A template as YAML: lines that are only an action go (the line stays, for its number), other actions become a word. */
function withoutActions(text: string): string {
  const blank = (found: string): string => found.replaceAll(/[^\n]/g, "");
  return text
    .replaceAll(/\{\{-?\s*\/\*[\s\S]*?\*\/\s*-?\}\}/g, blank)
    .replaceAll(/^[ \t]*(\{\{[^}]*\}\}[ \t]*)+$/gm, "")
    .replaceAll(/(\{\{.*\}\})/g, UNKNOWN);
}

function lineOf(document: Document, path: Path, lines: LineCounter): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === String(key));
      if (!pair) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return lines.linePos(offset).line;
}
