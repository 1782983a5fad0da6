import { CliError } from "../errors.ts";

/** What a program does with a flag. */
export interface Flag {
  /** In the words of `--help`. */
  readonly help: string;
  /** Given without a value it is `true`. */
  readonly boolean?: true;
  /** Whether a value is what the devcluster does anyway; others are refused. */
  readonly only?: (value: string) => boolean;
  /** The reason in the refusal of another value. */
  readonly why?: string;
  /** May be given more than once, or with commas. */
  readonly list?: true;
}
export type FlagTable = Readonly<Record<string, Flag>>;

/** The values of each flag that was given, in order. */
export type FlagValues = ReadonlyMap<string, readonly string[]>;

/**
 * Reads flags as Go's pflag does: `--name=value`, `--name value`, and of booleans `--name`.
 *
 * @throws CliError for a flag that is not in the table, and for a value that is not honoured.
 */
export function parseFlags(program: string, table: FlagTable, args: readonly string[]): FlagValues {
  const values = new Map<string, string[]>();
  for (let index = 0; index < args.length; index++) {
    const [, name, given] = /^--?([\w-]+)(?:=(.*))?$/s.exec(args[index]!) ?? [];
    const flag = name === undefined ? undefined : table[name];
    if (name === undefined || flag === undefined) {
      throw new CliError(`the devcluster does not honour ${args[index]}: leave it out, or see ${program} --help`);
    }
    const value = given ?? (flag.boolean ? "true" : args[++index]);
    if (value === undefined) throw new CliError(`--${name} needs a value`);
    if (flag.only && !flag.only(value)) throw new CliError(`--${name}=${value} is not honoured: ${flag.why}`);
    values.set(name, [...(values.get(name) ?? []), ...(flag.list ? value.split(",").filter((one) => one !== "") : [value])]);
  }
  return values;
}

/**
 * Runs a program of the folder: `--help` is answered, anything else goes to `run`. An error is one line, and exit code 1.
 *
 * @param what the first line of the help.
 */
export async function runProgram(
  program: string,
  what: string,
  table: FlagTable,
  run: (values: FlagValues) => void | Promise<void>,
): Promise<void> {
  try {
    const args = process.argv.slice(2);
    if (args.includes("--help")) process.stdout.write(helpOf(program, what, table));
    else await run(parseFlags(program, table, args));
  } catch (error) {
    console.error(`${program}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

/** The text of `--help`, in which envtest looks for flags. */
export function helpOf(program: string, what: string, table: FlagTable): string {
  const width = Math.max(...Object.keys(table).map((name) => name.length));
  const lines = Object.entries(table).map(([name, { help }]) => `      --${name.padEnd(width)}   ${help}`);
  return `${program}: ${what}\n\nFlags:\n${lines.join("\n")}\n`;
}
