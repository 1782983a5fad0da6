/**
 * Tells what a cleanup wrote itself from other news. A cleanup that fails is tried again when its backoff says; word of
 * its own last write, of a status that counts its tries say, must not make that at once, and so for ever.
 *
 * A change may be heard of before the answer to the write that made it: what comes while a cleanup runs is judged at its end.
 */
export class CleanupNews {
  readonly #runs = new Map<string, { running: boolean; readonly heard: Set<string>; written: ReadonlySet<string> }>();

  begin(key: string): void {
    this.#runs.set(key, { running: true, heard: new Set(), written: new Set() });
  }

  /** Whether news of this version is not to wake the key: it is the cleanup's own, or one runs that is told of it at its end. */
  keeps(key: string, version: string): boolean {
    const run = this.#runs.get(key);
    if (run === undefined) return false;
    if (run.running) run.heard.add(version);
    return run.running || run.written.has(version);
  }

  /** @param written the versions that the cleanup's writes gave. @returns whether others' news came meanwhile. */
  end(key: string, written: ReadonlySet<string>): boolean {
    const run = this.#runs.get(key);
    if (run === undefined) return false;
    const others = !run.heard.isSubsetOf(written);
    run.heard.clear();
    run.running = false;
    run.written = written;
    return others;
  }

  forget(key: string): void {
    this.#runs.delete(key);
  }
}
