import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Client } from "@outrigger/kit/client";
import { eventually } from "@outrigger/testing";

/** The kube-apiserver that this process started for a test cluster; it can be ended and started again as it was. */
export class ApiServerProcess {
  #pid: number;
  #own: ChildProcess | undefined;
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #folder: string;

  private constructor(pid: number, command: string, args: readonly string[], folder: string) {
    this.#pid = pid;
    this.#command = command;
    this.#args = args;
    this.#folder = folder;
  }

  /** Undefined where there is none, as for a devcluster, or no /proc to find it in. */
  static find(): ApiServerProcess | undefined {
    try {
      for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        const [command = "", ...args] = read(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
        if (!command.endsWith("/kube-apiserver")) continue;
        const parent = read(`/proc/${pid}/stat`).replace(/.*\) /, "").split(" ")[1];
        if (Number(parent) === process.pid) return new ApiServerProcess(Number(pid), command, args, readlinkSync(`/proc/${pid}/cwd`));
      }
    } catch {
      // No Linux.
    }
    return undefined;
  }

  get etcd(): string {
    return this.#args.find((arg) => arg.startsWith("--etcd-servers="))!.replace("--etcd-servers=", "");
  }

  /** Ends it and starts it again, and resolves when it is ready. @param whileAway runs in between. */
  async restart(client: Client, whileAway: () => Promise<void> = async () => {}): Promise<void> {
    process.kill(this.#pid, "SIGTERM");
    // It would wait for its last watcher.
    await eventually(() => !isRunning(this.#pid), { timeoutMs: 3000 }).catch(() => process.kill(this.#pid, "SIGKILL"));
    await whileAway();
    this.#own = spawn(this.#command, this.#args, { cwd: this.#folder, stdio: "ignore" });
    this.#pid = this.#own.pid!;
    await eventually(async () => (await client.request({ method: "GET", path: "/readyz" })) === "ok", { timeoutMs: 60_000 });
  }

  /** Ends what `restart` started; the first one is the test cluster's. */
  async close(): Promise<void> {
    if (!this.#own || this.#own.exitCode !== null || this.#own.signalCode !== null) return;
    this.#own.kill("SIGKILL");
    await once(this.#own, "exit");
  }
}

/** "" when the process has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function isRunning(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  // A child that has ended stays there, as a zombie, until its parent has heard of it.
  return stat !== "" && !/\) Z /.test(stat);
}
