import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Controller, CustomResource } from "@outrigger/kit";
import type { ManagerOptions } from "@outrigger/kit/manager";
import { CliError } from "../errors.ts";
import type { Project } from "./project.ts";

export type Kind = CustomResource<string, string, object, object, "Namespaced" | "Cluster">;

/** What `src/operator.ts` exports. */
export interface Operator {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly controllers: readonly Controller[];
  readonly webhooks: NonNullable<ManagerOptions["webhooks"]>;
}

const FILE = join("src", "operator.ts");

/** Reads what a project's operator is made of. @throws CliError that names the file, and what is wrong with it. */
export async function readOperator({ folder }: Project): Promise<Operator> {
  const file = join(folder, FILE);
  if (!existsSync(file)) throw new CliError(`${file} is missing: it exports name, kinds, controllers and webhooks`);
  const module = await load(file);
  const list = <T>(name: string): readonly T[] => {
    const value = module[name] ?? [];
    if (Array.isArray(value)) return value as readonly T[];
    throw new CliError(`${FILE}: ${name} must be a list`);
  };
  const { name } = module;
  if (typeof name !== "string" || name === "") throw new CliError(`${FILE}: export const name = "…" is missing`);
  return { name, kinds: list("kinds"), controllers: list("controllers"), webhooks: list("webhooks") };
}

async function load(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const fix = code === "ERR_MODULE_NOT_FOUND" && /'@?[a-z]/.test(message) ? "; npm install in the project, and try again" : "";
    throw new CliError(`${FILE} cannot be read: ${message}${fix}`, { cause: error });
  }
}
