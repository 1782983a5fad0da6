import { type FileHandle, open, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { countLines, type LogLine, latestTime, linesOf, lineText, sinceLineTime, unpackLines } from "./line.ts";
import type { LogGap } from "./merge.ts";

/** How a container's run ended, as the pod's status says. */
export interface Termination {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

/** What is known of one run of a container, beside its lines. */
export interface RunRecord {
  readonly container: string;
  /** 0 for the first run. */
  readonly restart: number;
  readonly containerID: string;
  readonly startedAt?: string;
  readonly terminated?: Termination;
  readonly lines: number;
  readonly bytes: number;
  readonly gaps: readonly LogGap[];
  /** Nothing will be added. */
  readonly complete: boolean;
  /** Compared with what the kubelet kept after the run ended. */
  readonly verified: boolean;
  /** How often the lines were given up and begun anew; absent is never. */
  readonly epoch?: number;
}

/** Lines that are read back to compare a log as a whole, bytes; larger logs are compared at their end. */
export const WHOLE_BYTES = 1 << 20;

/**
 * The file of one run: `<container>.<restart>.log`, a line each with its time, and `.json` beside it. What is in the file is the
 * checkpoint: after a crash the follower goes on behind its last whole line. When the run is complete the lines are compressed.
 */
export class RunFile {
  readonly path: string;
  #record: RunRecord;
  #handle: FileHandle | undefined;

  private constructor(path: string, record: RunRecord) {
    this.path = path;
    this.#record = record;
  }

  /** Opens the file of a run, or begins it. A file of another container with that number is begun anew. */
  static async open(path: string, run: Pick<RunRecord, "container" | "restart" | "containerID">): Promise<RunFile> {
    const known = await readRecord(path);
    const fresh: RunRecord = { ...run, lines: 0, bytes: 0, gaps: [], complete: false, verified: false };
    const file = new RunFile(path, known?.containerID === run.containerID ? known : fresh);
    if (known && known.containerID !== run.containerID) await file.clear();
    if (!file.record.complete) await file.#mend();
    if (!known) await file.note({});
    return file;
  }

  get record(): RunRecord {
    return this.#record;
  }

  /** The lines from `sinceTime` of the last one on, which the kubelet gives again. */
  async tail(): Promise<LogLine[]> {
    for (let size = 1 << 16; ; size *= 4) {
      const { text, isWhole } = await lastBytes(`${this.path}.log`, size);
      const lines = linesOf(isWhole ? text : text.slice(text.indexOf("\n") + 1));
      const latest = latestTime(lines);
      if (latest === "") return [];
      const since = sinceLineTime(latest);
      const begin = lines.findIndex(({ time }) => time >= since);
      if (begin > 0 || isWhole) return lines.slice(begin);
    }
  }

  async all(): Promise<LogLine[]> {
    return linesOf(await readFile(`${this.path}.log`, "utf8").catch(noFile));
  }

  async append(lines: readonly LogLine[]): Promise<void> {
    if (lines.length === 0) return;
    const text = `${lines.map(lineText).join("\n")}\n`;
    this.#handle ??= await open(`${this.path}.log`, "a");
    try {
      await this.#handle.appendFile(text);
    } catch (error) {
      // A part may be written: what follows must not join on to half a line.
      await this.#close();
      await this.#mend().catch(() => {});
      throw error;
    }
    this.#record = { ...this.#record, lines: this.#record.lines + lines.length, bytes: this.#record.bytes + Buffer.byteLength(text) };
  }

  /** Gives up what was stored: it is of another run. */
  async clear(): Promise<void> {
    await this.#close();
    for (const end of [".log", ".log.gz"]) await rm(`${this.path}${end}`, { force: true });
    await this.note({ lines: 0, bytes: 0, gaps: [], complete: false, epoch: (this.#record.epoch ?? 0) + 1 });
  }

  async note(change: Partial<RunRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await writeAtomically(`${this.path}.json`, JSON.stringify(this.#record));
  }

  addGap(gap: LogGap): Promise<void> {
    return this.note({ gaps: [...this.#record.gaps, gap] });
  }

  /** Compresses the lines; safe to be repeated after a crash. */
  async complete(change: Partial<RunRecord> = {}): Promise<void> {
    await this.#close();
    const text = await readFile(`${this.path}.log`).catch(noFile);
    if (text.length > 0) await writeAtomically(`${this.path}.log.gz`, await promisify(gzip)(text));
    await this.note({ ...change, complete: true });
    await rm(`${this.path}.log`, { force: true });
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** Cuts half a line off that a crash has left, and counts what is there. */
  async #mend(): Promise<void> {
    const content = await readFile(`${this.path}.log`).catch(() => undefined);
    if (!content) {
      this.#record = { ...this.#record, lines: 0, bytes: 0 };
      return;
    }
    const end = content.lastIndexOf(10) + 1;
    if (end < content.length) await truncate(`${this.path}.log`, end);
    this.#record = { ...this.#record, lines: countLines(content), bytes: end };
  }
}

export async function readRecord(path: string): Promise<RunRecord | undefined> {
  try {
    return JSON.parse(await readFile(`${path}.json`, "utf8")) as RunRecord;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The lines of a run, complete or not. */
export async function readLines(path: string): Promise<LogLine[]> {
  const packed = await readFile(`${path}.log.gz`).catch(noFile);
  if (packed.length > 0) return unpackLines(packed as Buffer);
  return linesOf(await readFile(`${path}.log`, "utf8").catch(noFile));
}

export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

/**
 * Whole lines of a run's file from a byte on, complete or not. Gaps that lie before them are in a record that is read later.
 *
 * @returns `undefined` where the file is gone
 */
export async function readTextFrom(path: string, from: number): Promise<Buffer | undefined> {
  const plain = await open(`${path}.log`, "r").catch((error: unknown) => void noFile(error));
  let text: Buffer;
  if (plain) {
    try {
      const { size } = await plain.stat();
      const { buffer, bytesRead } = await plain.read(Buffer.alloc(Math.max(0, size - from)), 0, Math.max(0, size - from), from);
      text = buffer.subarray(0, bytesRead);
    } finally {
      await plain.close();
    }
  } else {
    const packed = await readFile(`${path}.log.gz`).catch(noFile);
    if (packed.length === 0) return undefined;
    text = (await promisify(gunzip)(packed as Buffer)).subarray(from);
  }
  return text.subarray(0, text.lastIndexOf(10) + 1);
}

async function lastBytes(path: string, size: number): Promise<{ text: string; isWhole: boolean }> {
  const handle = await open(path, "r").catch((error: unknown) => {
    noFile(error);
    return undefined;
  });
  if (!handle) return { text: "", isWhole: true };
  try {
    const { size: whole } = await handle.stat();
    const length = Math.min(size, whole);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, whole - length);
    return { text: buffer.toString("utf8"), isWhole: length === whole };
  } finally {
    await handle.close();
  }
}

/** A file that is not there is empty. */
function noFile(error: unknown): "" {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  return "";
}
