import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { CliError } from "../errors.ts";

/** The name by which messages call standard input. */
export const STDIN = "-";

/** The files of a path: of a folder all with YAML or JSON in it, by name. `-` and addresses are their own. */
export function filesOf(path: string): string[] {
  if (path === STDIN || isUrl(path)) return [path];
  const kind = statSync(path, { throwIfNoEntry: false });
  if (!kind) throw new CliError(`${path}: no such file or folder`, { exitCode: 2 });
  if (!kind.isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.name.startsWith(".") || entry.name === "node_modules") return [];
      const child = join(path, entry.name);
      return statSync(child).isDirectory() ? filesOf(child) : /\.(ya?ml|json)$/.test(entry.name) ? [child] : [];
    });
}

/** @throws CliError for what cannot be read, or is no UTF-8: it could not be written back as it was. */
export async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = file === STDIN ? await buffer(process.stdin) : isUrl(file) ? await fetched(file) : readFileSync(file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new CliError(`${file}: ${isMissing ? "no such file" : (error as Error).message}`, { exitCode: 2, cause: error });
  }
  const text = bytes.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(bytes)) throw new CliError(`${file}: not UTF-8`);
  return text;
}

export function isUrl(path: string): boolean {
  return /^https?:\/\//.test(path);
}

async function fetched(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) throw new CliError(`${url}: HTTP ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}
