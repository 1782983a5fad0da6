import { writeFileSync } from "node:fs";
import { CliError } from "../errors.ts";
import { table } from "../table.ts";
import { unifiedDiff } from "./diff.ts";
import { chunks, contentOf, nameOf } from "./documents.ts";
import { filesOf, isUrl, readText, STDIN } from "./files.ts";
import type { Json } from "./render.ts";
import { type RuleOptions, type Source, surroundings } from "./surroundings.ts";
import { injectText, isMatch, type Outcome, uninjectText } from "./text.ts";

export interface InjectOptions extends RuleOptions {
  readonly inPlace?: boolean;
  readonly output?: "yaml" | "json" | "patch" | "diff";
  readonly uninject?: boolean;
  readonly explain?: boolean;
  readonly failOnNone?: boolean;
}

/**
 * `outrigger inject`: manifests with what admission would put into their pods, and back.
 *
 * @throws CliError with exit code 3 when nothing matched and `--fail-on-none` is set.
 */
export async function inject(paths: readonly string[], options: InjectOptions): Promise<void> {
  const sources: Source[] = [];
  for (const file of (paths.length > 0 ? paths : [STDIN]).flatMap(filesOf)) {
    if (options.inPlace && (file === STDIN || isUrl(file))) throw new CliError(`--in-place: ${file} is no file`, { exitCode: 2 });
    sources.push({ file, text: await readText(file) });
  }
  const found = options.uninject ? uninjectAll(sources) : await injectAll(sources, options);
  const { results, matched } = found;
  if (options.inPlace) {
    for (const { file, before, text } of results) if (text !== before) writeFileSync(file, text);
  } else print(results, options);
  if (matched === 0 && options.failOnNone)
    throw new CliError(options.uninject ? "nothing was injected here" : "no rule matched any pod", { exitCode: 3 });
}

interface FileResult {
  readonly file: string;
  readonly before: string;
  readonly text: string;
  readonly outcomes: readonly Outcome[];
}
interface Results {
  readonly results: readonly FileResult[];
  readonly matched: number;
}

function uninjectAll(sources: readonly Source[]): Results {
  let matched = 0;
  const results = sources.map(({ file, text: before }) => {
    const { text, notes, documents } = uninjectText(file, before);
    for (const note of notes) console.error(note);
    matched += documents;
    return { file, before, text, outcomes: [] };
  });
  return { results, matched };
}

async function injectAll(sources: readonly Source[], options: InjectOptions): Promise<Results> {
  const { rules, namespaces } = await surroundings(sources, options);
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const results = sources.map(({ file, text: before }) => {
    const result = injectText(file, before, { rules, namespaces, now, everyRule: options.explain === true });
    return { file, before, ...result };
  });
  if (options.explain) console.error(explanation(results));
  const outcomes = results.flatMap((result) => result.outcomes);
  return { results, matched: outcomes.filter(({ decided }) => decided.reasons.some(isMatch)).length };
}

function explanation(results: readonly FileResult[]): string {
  const rows = results.flatMap(({ file, outcomes }) =>
    outcomes.flatMap(({ found, decided }) =>
      decided.reasons.map(({ kind, rule, action, message }) => [
        file,
        `${decided.namespace}/${nameOf(found.object)}`,
        `${kind}/${rule}`,
        action,
        message,
      ]),
    ),
  );
  return rows.length === 0 ? "there are no pods here, or no rules" : table(["FILE", "OBJECT", "RULE", "ACTION", "WHY"], rows);
}

function print(results: readonly FileResult[], { output = "yaml", uninject }: InjectOptions): void {
  if (output === "diff") write(results.map(({ file, before, text }) => unifiedDiff(file, before, text)).join(""));
  else if (output === "patch") {
    if (uninject) throw new CliError("--uninject has no output patch: diff shows what it takes out", { exitCode: 2 });
    write(`${JSON.stringify(results.flatMap(patches), null, 2)}\n`);
  } else if (output === "json") {
    const objects = results.flatMap(({ text }) => chunks(text).flatMap((chunk) => contentOf(chunk) ?? []));
    write(`${JSON.stringify(objects.length === 1 ? objects[0] : { apiVersion: "v1", kind: "List", items: objects }, null, 2)}\n`);
  } else write(joined(results.map(({ text }) => text)));
}

/** A single file byte for byte; several as documents of one stream. */
function joined(texts: readonly string[]): string {
  const parts: string[] = [];
  for (const text of texts) {
    const last = parts.at(-1);
    if (last !== undefined && !last.endsWith("\n")) parts.push("\n");
    if (last !== undefined && !/^(?:\uFEFF|[ \t]*(?:#[^\n]*)?\r?\n)*---(?:\s|$)/.test(text)) parts.push("---\n");
    if (text !== "") parts.push(text);
  }
  return parts.join("");
}

function patches({ file, outcomes }: FileResult): Json[] {
  return outcomes.flatMap(({ found, decided }) => {
    if (decided.patch.length === 0) return [];
    const { apiVersion, kind, metadata } = found.object as { apiVersion: string; kind: string; metadata?: { name?: string } };
    const prefix = found.podPath.map((step) => `/${step}`).join("");
    const patch = decided.patch.map((operation) => ({ ...operation, path: prefix + operation.path }));
    return [{ file, apiVersion, kind, namespace: decided.namespace, name: metadata?.name ?? "", patch }];
  });
}

function write(text: string): void {
  process.stdout.write(text);
}
