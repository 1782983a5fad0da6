import { readFileSync } from "node:fs";
import { applyValues, ValueError, type Values } from "@outrigger/operator/deploy";
import { parse } from "yaml";
import { CliError } from "../errors.ts";

export interface ValueOptions {
  readonly namespace: string;
  readonly values?: readonly string[];
  readonly set?: readonly string[];
}

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };

/** The values of an installation: the defaults, then each file, then each `--set`. @throws CliError */
export function valuesOf({ namespace, values = [], set = [] }: ValueOptions): Values {
  let given: Values = {};
  for (const file of values) given = merge(given, read(file));
  for (const one of set) given = merge(given, single(one));
  try {
    return { ...applyValues(given), namespace, appVersion: version };
  } catch (error) {
    if (error instanceof ValueError) throw new CliError(error.message, { exitCode: 2 });
    throw error;
  }
}

function read(file: string): Values {
  try {
    return (parse(readFileSync(file, "utf8")) as Values | null) ?? {};
  } catch (error) {
    throw new CliError(`--values ${file}: ${(error as Error).message}`, { exitCode: 2, cause: error });
  }
}

/** `a.b=value` as Helm has it: a dot in a name is written `\.`; the value is YAML. */
function single(text: string): Values {
  const at = text.indexOf("=");
  if (at <= 0) throw new CliError(`--set ${text}: write path=value`, { exitCode: 2 });
  const names = text.slice(0, at).split(/(?<!\\)\./);
  return names.reduceRight<unknown>((value, name) => ({ [name.replaceAll("\\.", ".")]: value }), parse(text.slice(at + 1))) as Values;
}

function merge(left: Values, right: Values): Values {
  const result: Record<string, unknown> = { ...left };
  for (const [name, value] of Object.entries(right)) {
    const before = result[name];
    result[name] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
