import { type FSWatcher, watch } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { readDocument } from "./document.ts";
import { ConfigurationError } from "./error.ts";
import { mountProblems } from "./mounts.ts";
import { configurationVariable } from "./pod-template.ts";
import type { ConfigurationSource } from "./source.ts";

/** Which file is read, and how. */
export interface FileOptions {
  /** A file that is not there says nothing, instead of being an error. */
  readonly optional?: boolean;
  /** The file is read this many milliseconds after the first event of several. Default 100. */
  readonly debounceMs?: number;
  /** The file is read so often even where the watch says nothing, milliseconds. Default 10,000. */
  readonly pollMs?: number;
}

/** The link that the kubelet turns over when a ConfigMap or Secret changes. */
const DATA = "..data";

/** A JSON file (`.json`) or a YAML file (any other), which is followed. */
export function file(path: string, { optional = false, debounceMs = 100, pollMs = 10_000 }: FileOptions = {}): ConfigurationSource {
  const whole = resolve(path);
  return {
    name: whole,
    async read() {
      try {
        return readDocument(whole, await content(whole));
      } catch (error) {
        if (error instanceof ConfigurationError) throw error;
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" && optional) return { value: undefined };
        throw new ConfigurationError([{ source: whole, message: code === "ENOENT" ? "there is no such file" : message }], { cause: error });
      }
    },
    watch: (changed, signal) => new Following(whole, debounceMs, pollMs, changed).start(signal),
    warnings: () => mountProblems(whole),
  };
}

/**
 * The file of a ConfigMap that `withConfiguration` has mounted: its path stands in `CONFIG_PATH_<NAME>`.
 *
 * @throws ConfigurationError where the variable is not set
 */
export function mounted(
  name: string,
  options: FileOptions & { readonly environment?: Readonly<Record<string, string | undefined>> } = {},
): ConfigurationSource {
  const { environment = process.env, ...rest } = options;
  const variable = configurationVariable(name);
  const path = environment[variable];
  if (!path)
    throw new ConfigurationError([
      { source: `the variable ${variable}`, message: "is not set: it has the path of the configuration file" },
    ]);
  return file(path, rest);
}

/** A swap may remove the folder between finding the file and opening it; the next attempt finds the new one. */
async function content(path: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || attempt === 3) throw error;
    }
  }
}

/**
 * Watches the folder that a file is in, not the file: a swap replaces the file, and a watch on it would stay with the old one. For a
 * ConfigMap that is the folder where it is mounted, which holds `..data`.
 */
class Following {
  readonly #path: string;
  readonly #debounceMs: number;
  readonly #pollMs: number;
  readonly #changed: () => void;
  #watcher: FSWatcher | undefined;
  #folder: string | undefined;
  #inode: number | undefined;
  #due: NodeJS.Timeout | undefined;

  constructor(path: string, debounceMs: number, pollMs: number, changed: () => void) {
    this.#path = path;
    this.#debounceMs = debounceMs;
    this.#pollMs = pollMs;
    this.#changed = changed;
  }

  start(signal: AbortSignal): void {
    if (signal.aborted) return;
    const poll = setInterval(() => void this.#look(signal), this.#pollMs).unref();
    signal.addEventListener(
      "abort",
      () => {
        clearInterval(poll);
        clearTimeout(this.#due);
        this.#watcher?.close();
      },
      { once: true },
    );
    void this.#look(signal);
  }

  /** Reads the file, and watches its folder where that is not watched yet, or is another folder than before. */
  async #look(signal: AbortSignal): Promise<void> {
    try {
      const folder = await mountFolder(this.#path);
      const { ino } = await lstat(folder);
      if (signal.aborted) return;
      if (this.#watcher === undefined || folder !== this.#folder || ino !== this.#inode) {
        this.#watcher?.close();
        this.#watcher = watch(folder, { persistent: false }, () => this.#event());
        this.#watcher.on("error", () => this.#forget());
        this.#folder = folder;
        this.#inode = ino;
      }
    } catch {
      // No folder yet: the next poll looks again.
      this.#forget();
    }
    if (!signal.aborted) this.#changed();
  }

  #forget(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Counted from the first event: events that go on and on must not put the reading off for ever. */
  #event(): void {
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      this.#changed();
    }, this.#debounceMs).unref();
  }
}

async function mountFolder(path: string): Promise<string> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (await lstat(join(folder, DATA)).catch(() => undefined)) return folder;
    if (folder === dirname(folder)) return dirname(path);
  }
}
