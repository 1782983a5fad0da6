import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CliError } from "../errors.ts";

export const SETTINGS_FILE = "outrigger.json";

export interface Project {
  readonly folder: string;
  /** Names the operator, its namespace `NAME-system` and its charts. */
  readonly name: string;
  /** What groups of kinds end with; empty when groups are given whole. */
  readonly domain: string;
  /** Where the operator's image is. */
  readonly image: string;
}

/** The project that `from` lies in, or `undefined`. @throws CliError when its settings cannot be read. */
export function findProject(from: string = process.cwd()): Project | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, SETTINGS_FILE))) return read(folder);
    if (dirname(folder) === folder) return undefined;
  }
}

/** @throws CliError when `from` lies in no project. */
export function requireProject(command: string, from?: string): Project {
  const project = findProject(from);
  if (project) return project;
  throw new CliError(`${command} works in a project, and no ${SETTINGS_FILE} is here or above: outrigger init makes one`, { exitCode: 2 });
}

function read(folder: string): Project {
  const file = join(folder, SETTINGS_FILE);
  let settings: Record<string, unknown>;
  try {
    settings = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  } catch (error) {
    throw new CliError(`${file}: ${(error as Error).message}`, { cause: error });
  }
  const text = (field: string, fallback?: string): string => {
    const value = settings[field] ?? fallback;
    if (typeof value === "string") return value;
    throw new CliError(`${file}: ${field} must be a text, such as "${field}": "${field === "name" ? "my-operator" : "example.com"}"`);
  };
  const name = text("name");
  return { folder, name, domain: text("domain", ""), image: text("image", `${name}:latest`) };
}
