import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

const POLL_MS = 10_000;
/** The kubelet makes several changes in a row. */
const SETTLE_MS = 50;

/**
 * Files that are mounted from a ConfigMap or a Secret, followed.
 *
 * - `take` is called with all of their texts when one has changed, never with the same texts twice in a row.
 * - The kubelet renames `..data` in the files' folder, which is watched; what the watch misses is found within ten seconds.
 * - What `take` throws, and what cannot be read, is reported once; the texts before stay in force.
 */
export class FollowedFiles {
  readonly #files: readonly string[];
  readonly #take: (texts: readonly string[]) => void;
  readonly #report: (line: string) => void;
  readonly #watchers: FSWatcher[] = [];
  #last: string | undefined;
  #reported = "";
  #poll: NodeJS.Timeout | undefined;
  #settle: NodeJS.Timeout | undefined;
  #looking = Promise.resolve();
  #stopped = false;

  constructor(files: readonly string[], take: (texts: readonly string[]) => void, report: (line: string) => void) {
    this.#files = files;
    this.#take = take;
    this.#report = report;
  }

  /** Takes the texts as they are now. @throws what `take` throws, and what cannot be read. */
  async start(): Promise<void> {
    await this.#look();
    for (const folder of new Set(this.#files.map((file) => dirname(file)))) {
      try {
        const watcher = watch(folder, () => this.#soon()).unref();
        watcher.on("error", () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // Some file systems cannot be watched.
      }
    }
    this.#poll = setInterval(() => this.#soon(), POLL_MS).unref();
    this.#soon();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#poll);
    clearTimeout(this.#settle);
    for (const watcher of this.#watchers) watcher.close();
  }

  #soon(): void {
    if (this.#stopped) return;
    this.#settle ??= setTimeout(() => {
      this.#settle = undefined;
      this.#looking = this.#looking
        .then(() => this.#look())
        .then(
          () => {
            this.#reported = "";
          },
          (error: unknown) => {
            const { message } = error as Error;
            if (message !== this.#reported) this.#report(`${message}; what was read before stays in force`);
            this.#reported = message;
          },
        );
    }, SETTLE_MS).unref();
  }

  async #look(): Promise<void> {
    // One after the other: of several files that are missing the first one is named.
    const texts: string[] = [];
    for (const file of this.#files) texts.push(await readFile(file, "utf8"));
    const now = texts.join("\0");
    if (now === this.#last || this.#stopped) return;
    this.#take(texts);
    this.#last = now;
  }
}
