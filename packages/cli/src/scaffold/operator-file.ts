import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../errors.ts";
import type { Project } from "../project/index.ts";
import { addImport, addToList } from "./splice.ts";
import { writeFile } from "./template.ts";

/** An element of a list of `src/operator.ts`, and the module that it is imported from. */
export interface Addition {
  readonly list: string;
  readonly name: string;
  readonly from: string;
}

const FILE = "src/operator.ts";

/**
 * Works out the new text of `src/operator.ts`.
 *
 * @returns writes it.
 * @throws CliError that says what to add by hand, when the lists cannot be found.
 */
export function addToOperator({ folder }: Project, additions: readonly Addition[]): () => void {
  const file = join(folder, FILE);
  const byHand = additions.map(({ list, name, from }) => `import { ${name} } from "${from}" and ${name} in ${list}`).join("; ");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CliError(`${FILE} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  for (const { list, name, from } of additions) {
    const added = addToList(text, list, name);
    if (added === undefined)
      throw new CliError(`${FILE} has no list "export const ${list} = […]", so nothing was written; make one, or add by hand: ${byHand}`);
    if (added !== text) text = addImport(added, name, from);
  }
  return () => writeFile(file, text);
}
