import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One fault as it was asked for. */
export interface StoredFault {
  readonly name: string;
  readonly spec: unknown;
  /** When it ends, milliseconds since 1970. */
  readonly until: number;
  /** The same by `performance.now()`, which goes on evenly when the clock is set. */
  readonly endsAt: number;
}

/** What a watchdog must know to end all faults though the agent is dead. */
export interface Undo {
  /** When the first of them ends, milliseconds of `performance.now()`. */
  readonly endsAt: number;
  /** What the faults left where: the watchdog knows which commands take it away. */
  readonly traces: Traces;
}

/** Where the kernel has something of the agent's. */
export interface Traces {
  readonly device: string;
  /** Also on what arrives. */
  readonly ingress: boolean;
  /** Also in the packet filter. */
  readonly marks: boolean;
}

/** Names that faults have; as for DNS labels. */
export const FAULT_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** The state folder cannot be written; nothing was applied. */
export class StateError extends Error {
  override readonly name = "StateError";
  readonly code = "ERR_STATE";
}

/**
 * The faults that are wanted, on disk: `faults.json` for the agent, `undo` for the watchdog. The first line of `undo` is a
 * time in hundredths of a second since the machine started (/proc/uptime, which nobody sets) and what the watchdog called
 * this agent, the second is data too: the device, then `ingress` and `marks` where they apply.
 *
 * Guarantees
 * - Each file is the old one or the new one, never a part; both are on the disk before a write returns, and neither is replaced
 *   where one cannot be written.
 * - Files are believed only if this user wrote them: a regular file, of this user, that nobody else may read or write (mode 0600).
 *   A ConfigMap that is mounted in the folder's place has none.
 */
export class StateFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws StateError */
  write(faults: readonly StoredFault[], undo: Undo | undefined): void {
    const stored = faults.map(({ name, spec, until, endsAt }) => ({ name, spec, until, uptime: toUptime(endsAt) }));
    this.#replace({ ...undoFile(undo), "faults.json": `${JSON.stringify({ version: 1, boot: bootId(), faults: stored })}\n` });
    if (undo === undefined) this.#forgetUndo();
  }

  /** What is to be undone of the faults that were written already; `undefined` is nothing. @throws StateError */
  writeUndo(undo: Undo | undefined): void {
    if (undo === undefined) this.#forgetUndo();
    else this.#replace(undoFile(undo));
  }

  /** Makes the undo that is there this agent's own, with grace from now on. @throws StateError */
  takeUndoOver(): void {
    let lines: string[];
    try {
      lines = this.#readOwn("undo").split("\n");
    } catch {
      this.#forgetUndo();
      return;
    }
    const at = Math.max(Number.parseInt(lines[0] ?? "", 10) || 0, toUptime(performance.now()) / 10);
    this.#replace({ undo: [undoLine(at), ...lines.slice(1)].join("\n") });
  }

  /** Forgets the faults, where what is left of them cannot be written; deleting works on a full disk. @throws StateError */
  forget(): void {
    this.#delete("faults.json");
  }

  #forgetUndo(): void {
    this.#delete("undo");
  }

  #delete(name: string): void {
    try {
      rmSync(join(this.#folder, name), { force: true });
    } catch (error) {
      throw this.#unwritable(error);
    }
  }

  /** The faults of an agent before this one; none where there was none or its file is no such file. */
  read(): StoredFault[] {
    try {
      const { boot, faults } = JSON.parse(this.#readOwn("faults.json")) as {
        boot?: string;
        faults: (StoredFault & { readonly uptime?: number })[];
      };
      const now = performance.now();
      return faults
        .filter(({ name, until }) => typeof name === "string" && FAULT_NAME.test(name) && typeof until === "number")
        .map(({ name, spec, until, uptime }) => {
          // Only the clock goes on when the machine is started anew.
          const left = boot === bootId() && typeof uptime === "number" ? uptime - toUptime(now) : until - Date.now();
          return { name, spec, until, endsAt: now + left };
        });
    } catch {
      return [];
    }
  }

  /** @throws Error where there is no such file, or somebody else wrote it */
  #readOwn(name: string): string {
    const descriptor = openSync(join(this.#folder, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(descriptor);
      const own = stat.isFile() && stat.uid === process.geteuid?.() && (stat.mode & 0o777) === 0o600 && stat.nlink === 1;
      if (!own) throw new Error(`${name} is not of this agent's writing`);
      return readFileSync(descriptor, "utf8");
    } finally {
      closeSync(descriptor);
    }
  }

  /** All of the files are written beside the old ones before the first takes its place. */
  #replace(files: Readonly<Record<string, string>>): void {
    const beside = (name: string): string => join(this.#folder, `.${name}.new`);
    const written: string[] = [];
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      for (const [name, text] of Object.entries(files)) {
        const descriptor = openSync(beside(name), "w", 0o600);
        written.push(name);
        try {
          writeFileSync(descriptor, text);
          fsyncSync(descriptor);
        } finally {
          closeSync(descriptor);
        }
      }
      for (const name of written) renameSync(beside(name), join(this.#folder, name));
    } catch (error) {
      for (const name of written) rmSync(beside(name), { force: true });
      throw this.#unwritable(error);
    }
  }

  #unwritable(error: unknown): StateError {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === "ENOSPC" ? "the disk is full" : code === "EACCES" || code === "EROFS" || code === "EPERM" ? "no permission" : message;
    return new StateError(
      `${this.#folder} cannot be written (${why}): without it a fault might never end, so nothing was changed; give --state-dir another folder, such as an emptyDir`,
    );
  }
}

function undoFile(undo: Undo | undefined): Record<string, string> {
  if (undo === undefined) return {};
  const { device, ingress, marks } = undo.traces;
  const traces = [device, ...(ingress ? ["ingress"] : []), ...(marks ? ["marks"] : [])].join(" ");
  return { undo: `${undoLine(toUptime(undo.endsAt) / 10)}\n${traces}\n` };
}

/** The first line of an undo of this agent's. */
function undoLine(hundredths: number): string {
  return `${Math.floor(hundredths)} ${process.env["WATCHED_AS"] ?? "-"}`;
}

/** Milliseconds since the machine started, of a time of `performance.now()`. */
function toUptime(time: number): number {
  return Number.parseFloat(readFileSync("/proc/uptime", "utf8")) * 1000 + (time - performance.now());
}

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
