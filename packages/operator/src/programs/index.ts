/**
 * The programs of the manager's image: the first argument of its entry point names one. Where none is named it is `injector` for
 * the injector's own flags, so that manifests of the injector that people run need another image alone, and else `manager`.
 *
 * Guarantees
 * - A program is loaded only when it is called.
 * - Exit codes: 0 done or stopped by a signal, 1 failed (one line on standard error says why), 2 wrong usage.
 */
import { DRAIN_FLAGS } from "./drain-flags.ts";
import { type Flags, flagHelp, readFlags, UsageError } from "./flags.ts";
import { goFlags } from "./go-flags.ts";
import { INJECTOR_FLAGS, INJECTOR_ONLY } from "./injector-flags.ts";
import { LOGS_FLAGS } from "./logs-flags.ts";
import { MANAGER_FLAGS } from "./manager-flags.ts";

export interface Program {
  readonly summary: string;
  readonly flags: Flags;
  /** Reads arguments of another style than `--flag value`. */
  readonly style?: (args: readonly string[]) => string[];
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
  injector: {
    summary: "inject one template from a file, without a manager; flags with one dash or two",
    flags: INJECTOR_FLAGS,
    style: (args) => goFlags(args, (rest) => console.error(`outrigger: not flags, and left out: ${rest.join(" ")}`)),
    run: async (values, signal) => (await import("./injector.ts")).run(values as never, signal),
  },
  logs: {
    summary: "print what the archive has of a pod, or of a Job's pods",
    flags: LOGS_FLAGS,
    run: async (values, signal) => (await import("./logs.ts")).run(values as never, signal),
  },
};

/** Runs the program that the arguments name. @returns the exit code. */
export async function runProgram(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<number> {
  const named = args[0] !== undefined && !args[0].startsWith("-");
  const [name, rest] = named ? [(args[0] as string).replace(/^outrigger-/, ""), args.slice(1)] : [unnamed(args), args];
  try {
    const program = PROGRAMS[name];
    if (!program) throw new UsageError(`there is no program ${JSON.stringify(name)}: write one of ${Object.keys(PROGRAMS).join(", ")}`);
    if (rest.includes("--help") || (program.style && rest.includes("-help"))) {
      console.log(`${name}: ${program.summary}\n\n${flagHelp(program.flags)}`);
      return 0;
    }
    await program.run(readFlags(program.flags, program.style?.(rest) ?? rest, environment), signal);
    return 0;
  } catch (error) {
    console.error(`outrigger: ${(error as Error).message}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function unnamed(args: readonly string[]): string {
  return args.some((arg) => INJECTOR_ONLY.some((flag) => new RegExp(`^--?${flag}(=|$)`).test(arg))) ? "injector" : "manager";
}
