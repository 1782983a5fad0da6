import type { OwnVersions } from "./own-versions.ts";

interface CleanupRun {
  running: boolean;
  readonly heard: Set<string>;
  /** What the run before wrote: the last of it may be heard of late. */
  readonly before: ReadonlySet<string>;
  written: ReadonlySet<string>;
  /** News of these wakes nobody. */
  own: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Tells what a cleanup wrote itself from other news. A cleanup that fails is tried again when its backoff says; word of
 * its own last write, of a status that counts its tries say, must not make that at once, and so for ever.
 *
 * A change may be heard of before the answer to the write that made it: what comes while a cleanup runs is judged at its end.
 */
export class CleanupNews {
  readonly #runs = new Map<string, CleanupRun>();

  begin(key: string): void {
    this.#runs.set(key, { running: true, heard: new Set(), before: this.#runs.get(key)?.written ?? NONE, written: NONE, own: NONE });
  }

  /** Whether news of this version is not to wake the key: it is the cleanup's own, or one runs that is told of it at its end. */
  keeps(key: string, version: string): boolean {
    const run = this.#runs.get(key);
    if (run === undefined) return false;
    if (run.running) run.heard.add(version);
    return run.running || run.own.has(version);
  }

  /**
   * @param written the versions that the cleanup's writes gave.
   * @param forGood nothing but news starts another try: then what may be another's counts as that.
   * @returns whether others' news came meanwhile.
   */
  end(key: string, { sure, perhaps }: OwnVersions, forGood: boolean): boolean {
    const run = this.#runs.get(key);
    if (run === undefined) return false;
    run.written = sure;
    run.own = run.before.union(forGood ? sure : sure.union(perhaps));
    const others = !run.heard.isSubsetOf(run.own);
    run.heard.clear();
    run.running = false;
    return others;
  }

  forget(key: string): void {
    this.#runs.delete(key);
  }
}
