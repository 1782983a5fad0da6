import { UsageError } from "./flags.ts";

/** Flags without a value of their own, as Go's `flag` package has them: `-alsologtostderr`, or `-alsologtostderr=false`. */
const SWITCHES = new Set(["alsologtostderr"]);

/**
 * Arguments as Go's `flag` package reads them (`-name=value`, `-name value`, one dash or two) as `--name=value`. Go stops at the first
 * argument that is no flag; the seed's manifest has `2>&1` there, which only a shell would understand.
 *
 * @throws UsageError for a flag that lacks its value.
 */
export function goFlags(args: readonly string[], ignored: (args: readonly string[]) => void): string[] {
  const result: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [, name, value] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(args[at]!) ?? [];
    if (name === undefined) {
      ignored(args.slice(args[at] === "--" ? at + 1 : at));
      break;
    }
    if (value !== undefined) result.push(`--${name}=${value}`);
    else if (SWITCHES.has(name)) result.push(`--${name}=true`);
    else if (at + 1 < args.length) result.push(`--${name}=${args[++at]}`);
    else throw new UsageError(`-${name} lacks its value`);
  }
  return result;
}
