import { parseArgs } from "node:util";

/** One option of a program: `--webhook-port 9443`, or the environment variable of the same meaning. */
export interface Flag {
  readonly environment: string;
  readonly default: string;
  /** What it says, for `--help`. */
  readonly help: string;
  /** The texts that are allowed. Default: any. */
  readonly choices?: readonly string[];
}
export type Flags = Readonly<Record<string, Flag>>;
export type FlagValues<F extends Flags> = { readonly [N in keyof F]: string };

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "ERR_USAGE";
}

/**
 * The value of each flag: from the command line, else from the environment, else the default.
 *
 * @throws UsageError that names the flag and what it may be.
 */
export function readFlags<F extends Flags>(
  flags: F,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): FlagValues<F> {
  const given = parsed(flags, args);
  const entries = Object.entries(flags).map(([name, flag]) => {
    const value = given[name] ?? environment[flag.environment] ?? flag.default;
    if (flag.choices && !flag.choices.includes(value))
      throw new UsageError(`--${name} (${flag.environment}) is ${JSON.stringify(value)}: write one of ${flag.choices.join(", ")}`);
    return [name, value];
  });
  return Object.fromEntries(entries) as FlagValues<F>;
}

/** @throws UsageError */
export function port(name: string, text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65535)
    throw new UsageError(`--${name} is ${JSON.stringify(text)}: a port is a whole number from 0 to 65535`);
  return value;
}

/** What `--help` prints of the flags. */
export function flagHelp(flags: Flags): string {
  return Object.entries(flags)
    .map(([name, { help, environment, choices, default: byDefault }]) => {
      const allowed = choices ? ` One of ${choices.join(", ")}.` : "";
      return `  --${name} TEXT\n      ${help}${allowed} Default ${JSON.stringify(byDefault)}; environment ${environment}.`;
    })
    .join("\n");
}

function parsed(flags: Flags, args: readonly string[]): Readonly<Record<string, string | undefined>> {
  const options = Object.fromEntries(Object.keys(flags).map((name) => [name, { type: "string" as const }]));
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
