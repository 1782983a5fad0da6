import { readFileSync } from "node:fs";
import { parseAllDocuments, stringify } from "yaml";
import { CliError } from "../errors.ts";
import { converted } from "./convert.ts";

/** `outrigger convert-crd`: every document of the files, with definitions converted, on standard output. */
export function convertCrd(files: readonly string[]): void {
  const documents = files.flatMap((file) => {
    const found = documentsOf(file);
    return found.map((object) => {
      const result = converted(object);
      for (const note of result?.notes ?? []) console.error(`${file}: ${(object["metadata"] as { name?: string }).name}: ${note}`);
      return result?.object ?? object;
    });
  });
  process.stdout.write(documents.map((object) => stringify(object, { lineWidth: 0 })).join("---\n"));
}

function documentsOf(file: string): Record<string, unknown>[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CliError(`${file}: ${(error as Error).message}`, { exitCode: 2, cause: error });
  }
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new CliError(`${file}: ${error.message.split("\n")[0]}`);
    const object = document.toJS() as Record<string, unknown> | null;
    return object === null ? [] : [object];
  });
}
