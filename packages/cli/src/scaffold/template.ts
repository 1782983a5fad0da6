import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { CliError } from "../errors.ts";
import { whyNotWritten } from "../files.ts";

const folder = new URL("../../templates/", import.meta.url);

/** Fills a file of `templates/` with values for its `<%name%>`s. */
export function filled(template: string, values: Readonly<Record<string, string>>): string {
  return readFileSync(new URL(`${template}.tmpl`, folder), "utf8").replaceAll(/<%(\w+)%>/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${template} has no value for ${name}`);
    return value;
  });
}

/** Files by their path in a folder. */
export type Files = Readonly<Record<string, string>>;

/** Writes new files. @throws CliError when one of them exists; nothing is written then. */
export function writeNew(root: string, files: Files): void {
  const existing = Object.keys(files).filter((file) => existsSync(join(root, file)));
  if (existing.length > 0)
    throw new CliError(`${existing.join(", ")} ${existing.length === 1 ? "exists" : "exist"} already: nothing was written`);
  for (const [file, text] of Object.entries(files)) writeFile(join(root, file), text);
}

/** Writes a file, and the folders that it needs. @throws CliError that says why it cannot. */
export function writeFile(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (error) {
    throw new CliError(`cannot write ${relative(process.cwd(), file)} (${whyNotWritten(error) ?? (error as Error).message})`, {
      cause: error,
    });
  }
}
