import { readFileSync, writeFileSync } from "node:fs";
import type { Outcome } from "./outcome.ts";

/** An answer that we give otherwise, or cannot compare, and why. */
export interface Exception {
  readonly file: string;
  readonly scenario: string;
  /** Absent: every step of the scenario. */
  readonly step?: number;
  readonly reason: string;
}
export interface Count {
  alike: number;
  unlike: number;
}

const COUNTS = new URL("counts.json", import.meta.url);
const EXCEPTIONS = new URL("exceptions.json", import.meta.url);
const REQUIRED = new URL("required.json", import.meta.url);

/** What must be alike, file → names of scenarios (`*` at the end stands for any text). */
type Required = Record<string, string[]>;

export interface Verdict {
  readonly counts: Record<string, Count>;
  /** Required answers that are unlike and not excepted; each is a failure. */
  readonly broken: readonly Outcome[];
  /** Files with fewer answers alike than the counts in the repository. */
  readonly worse: readonly string[];
  /** The exceptions among what was asked. */
  readonly excepted: readonly Exception[];
}

/** Holds outcomes against the counts, requirements and exceptions that are kept beside this file. */
export function judge(outcomes: readonly Outcome[]): Verdict {
  const kept = read<Record<string, Count>>(COUNTS);
  const exceptions = read<Exception[]>(EXCEPTIONS);
  const required = read<Required>(REQUIRED);
  const counts: Record<string, Count> = {};
  const excepted = (outcome: Outcome): boolean => exceptions.some((exception) => concerns(exception, outcome));
  for (const outcome of outcomes) {
    counts[outcome.file] ??= { alike: 0, unlike: 0 };
    // What depends on timing, or is answered otherwise on purpose, must not move the counts.
    if (excepted(outcome)) continue;
    counts[outcome.file]![outcome.differences.length === 0 ? "alike" : "unlike"]++;
  }
  return {
    counts,
    broken: outcomes.filter((outcome) => outcome.differences.length > 0 && isRequired(required, outcome) && !excepted(outcome)),
    worse: Object.entries(counts)
      .filter(([file, count]) => count.alike < (kept[file]?.alike ?? 0))
      .map(([file, count]) => `${file}: ${count.alike} alike, ${kept[file]?.alike} before`),
    excepted: exceptions.filter((exception) => outcomes.some((outcome) => concerns(exception, outcome))),
  };
}

/** Keeps the counts where they improved; never lowers one. */
export function raise(counts: Record<string, Count>): void {
  const kept = read<Record<string, Count>>(COUNTS);
  for (const [file, count] of Object.entries(counts)) if (count.alike >= (kept[file]?.alike ?? 0)) kept[file] = count;
  writeFileSync(COUNTS, `${JSON.stringify(kept, null, 2)}\n`);
}

function concerns(exception: Exception, outcome: Outcome): boolean {
  return (
    exception.file === outcome.file &&
    exception.scenario === outcome.scenario &&
    (exception.step === undefined || exception.step === outcome.step)
  );
}

function isRequired(required: Required, outcome: Outcome): boolean {
  return (required[outcome.file] ?? []).some((name) =>
    name.endsWith("*") ? outcome.scenario.startsWith(name.slice(0, -1)) : outcome.scenario === name,
  );
}

function read<T>(url: URL): T {
  return JSON.parse(readFileSync(url, "utf8")) as T;
}
