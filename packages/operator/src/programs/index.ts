/**
 * The programs of the manager's image: the first argument of its entry point names one, `manager` when there is none.
 *
 * Guarantees
 * - A program is loaded only when it is called.
 * - Exit codes: 0 done or stopped by a signal, 1 failed (one line on standard error says why), 2 wrong usage.
 */
import { DRAIN_FLAGS } from "./drain-flags.ts";
import { type Flags, flagHelp, readFlags, UsageError } from "./flags.ts";
import { MANAGER_FLAGS } from "./manager-flags.ts";

export interface Program {
  readonly summary: string;
  readonly flags: Flags;
  /** Runs until it is done or the signal ends. */
  readonly run: (values: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<void>;
}

export const PROGRAMS: Readonly<Record<string, Program>> = {
  manager: {
    summary: "inject sidecars, keep the status of rules, run network faults",
    flags: MANAGER_FLAGS,
    run: async (values, signal) => (await import("./manager.ts")).run(values as never, signal),
  },
  drain: {
    summary: "before an uninstallation: recover faults, take webhooks and finalizers away",
    flags: DRAIN_FLAGS,
    run: async (values, signal) => (await import("./drain.ts")).run(values as never, signal),
  },
};

/** Runs the program that the arguments name. @returns the exit code. */
export async function runProgram(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<number> {
  const named = args[0] !== undefined && !args[0].startsWith("-");
  const [name, rest] = named ? [args[0] as string, args.slice(1)] : ["manager", args];
  try {
    const program = PROGRAMS[name];
    if (!program) throw new UsageError(`there is no program ${JSON.stringify(name)}: write one of ${Object.keys(PROGRAMS).join(", ")}`);
    if (rest.includes("--help")) {
      console.log(`${name}: ${program.summary}\n\n${flagHelp(program.flags)}`);
      return 0;
    }
    await program.run(readFlags(program.flags, rest, environment), signal);
    return 0;
  } catch (error) {
    console.error(`outrigger: ${(error as Error).message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}
