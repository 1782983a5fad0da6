import { type LogLine, lineText } from "./line.ts";

/** Lines that may be missing: after `from`, before `to`. */
export interface LogGap {
  /** Time of the last line before; absent where nothing is before it. */
  readonly from?: string;
  /** Time of the first line after, or when the container ended; absent where neither is known. */
  readonly to?: string;
  /** Why: `Rotated`, `PodGone`, `LimitReached`, `NotKept`. */
  readonly reason: string;
}

/** The rest of a log that nobody can read any more. */
export function restGap(from: string | undefined, to: string | undefined): LogGap {
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), reason: "PodGone" };
}

/**
 * Goes on with a log that is asked for again from some time before its last stored line: skips what is stored already, and notices
 * when the lines no longer join on to it.
 *
 * Lines come in the order of the log, so the last stored line comes before every new one; where it does not come, the log was rotated
 * meanwhile.
 */
export class Resumption {
  readonly #stored = new Map<string, number>();
  readonly #last: string | undefined;
  readonly #lastTime: string | undefined;
  #joined: boolean;

  /** @param tail the lines stored that may come again, in their order */
  constructor(tail: readonly LogLine[]) {
    for (const line of tail) {
      const key = lineText(line);
      this.#stored.set(key, (this.#stored.get(key) ?? 0) + 1);
    }
    const last = tail.at(-1);
    this.#last = last && lineText(last);
    this.#lastTime = last?.time;
    this.#joined = last === undefined;
  }

  /** Whether the line is new; with the gap before it, where there may be one. */
  take(line: LogLine): { readonly isNew: boolean; readonly gap?: LogGap } {
    if (this.#stored.size > 0) {
      const key = lineText(line);
      const left = this.#stored.get(key) ?? 0;
      if (key === this.#last) this.#joined = true;
      if (left > 0) {
        if (left === 1) this.#stored.delete(key);
        else this.#stored.set(key, left - 1);
        return { isNew: false };
      }
    }
    if (this.#joined) return { isNew: true };
    this.#joined = true;
    return { isNew: true, gap: { from: this.#lastTime!, to: line.time, reason: "Rotated" } };
  }
}

/** What a whole log says about the lines that are stored of it. */
export type Comparison =
  | { readonly kind: "append"; readonly lines: readonly LogLine[]; readonly gap?: LogGap }
  /** The stored lines are of another run. */
  | { readonly kind: "replace" };

/**
 * Compares the stored lines of a run with its log as the kubelet has it at the end. A follower that was started while its container
 * restarted has followed the next run instead: the log of the right one then joins on nowhere.
 */
export function compareLogs(stored: readonly LogLine[], fetched: readonly LogLine[]): Comparison {
  const last = stored.at(-1);
  const first = fetched[0];
  if (!last || !first) return { kind: "append", lines: fetched };
  for (let begin = 0; begin < stored.length; begin++) {
    if (!same(stored[begin]!, first)) continue;
    const common = Math.min(stored.length - begin, fetched.length);
    let at = 1;
    while (at < common && same(stored[begin + at]!, fetched[at]!)) at++;
    if (at === common) return { kind: "append", lines: fetched.slice(common) };
  }
  if (first.time > last.time) return { kind: "append", lines: fetched, gap: { from: last.time, to: first.time, reason: "Rotated" } };
  return { kind: "replace" };
}

function same(a: LogLine, b: LogLine): boolean {
  return a.time === b.time && a.text === b.text;
}
