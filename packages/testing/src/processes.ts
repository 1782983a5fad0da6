import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { Guard } from "./guard.ts";

/** Thrown when a part of the real cluster is not there or did not start; the message holds the end of its log. */
export class RealClusterError extends Error {
  readonly code = "ERR_REAL_CLUSTER";
}

interface Part {
  readonly name: string;
  readonly args: readonly string[];
  child: ChildProcess;
}

/** How long a part may take to stop by itself, milliseconds: an API server waits for its watchers. */
const GRACE_MS = 1000;

/** The parts of a real cluster, ended in reverse order: the API server needs etcd to stop well. */
export class Processes {
  readonly #assets: string;
  readonly #folder: string;
  readonly #guard: Guard;
  readonly #running = new Map<string, Part>();

  /** @param folder where logs go; removed at the end. */
  constructor(assets: string, folder: string) {
    this.#assets = assets;
    this.#folder = folder;
    this.#guard = new Guard(folder);
    process.once("exit", this.#killAll);
  }

  start(name: string, args: readonly string[]): void {
    this.#running.set(name, { name, args, child: this.#spawn(name, args) });
  }

  /** Resolves when a part is ready; RealClusterError with the end of its log when it ended before, or is not in time. */
  async until(name: string, ready: () => Promise<boolean>): Promise<void> {
    const { child } = this.#running.get(name)!;
    await eventually(async () => ended(child) || ((await ready()) ? true : undefined), { timeoutMs: 90_000, intervalMs: 100 }).catch(
      (cause: unknown) => {
        throw new RealClusterError(`${name} was not ready in time: ${this.#logEnd(name)}`, { cause });
      },
    );
    if (ended(child)) throw new RealClusterError(`${name} ended with ${child.signalCode ?? child.exitCode}: ${this.#logEnd(name)}`);
  }

  /** Ends a part and starts it again with the same arguments. */
  async restart(name: string, whileAway: () => Promise<void>): Promise<void> {
    const part = this.#running.get(name)!;
    await end(part.child);
    await whileAway();
    part.child = this.#spawn(name, part.args);
  }

  /** Ends every part and removes the folder. */
  async stop(): Promise<void> {
    for (const { child } of [...this.#running.values()].reverse()) await end(child);
    process.off("exit", this.#killAll);
    await this.#guard.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spawn(name: string, args: readonly string[]): ChildProcess {
    const logFile = join(this.#folder, `${name}.log`);
    const log = openSync(logFile, "a");
    // In a session of its own, as the guard is.
    const child = spawn(join(this.#assets, name), args, { stdio: ["ignore", log, log], cwd: this.#folder, detached: true });
    closeSync(log);
    const { pid } = child;
    if (pid !== undefined) {
      this.#guard.watch(pid);
      child.once("exit", () => this.#guard.forget(pid));
    }
    // A binary that cannot be run has no output of its own; its exit code is then the system's error number.
    child.on("error", (error) => appendFileSync(logFile, `${error.message}\n`));
    return child;
  }

  #logEnd(name: string): string {
    const file = join(this.#folder, `${name}.log`);
    return (existsSync(file) ? readFileSync(file, "utf8") : "").trim().split("\n").slice(-3).join("\n");
  }

  readonly #killAll = (): void => {
    for (const { child } of this.#running.values()) child.kill("SIGKILL");
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (ended(child)) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  await gone;
  clearTimeout(force);
}

function ended({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
