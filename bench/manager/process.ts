import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { cpuSeconds, residentMib } from "../processes.ts";

/** A server under test: what it used of the processor and of memory is the kernel's account. Linux. */
export class ServerProcess {
  readonly #child: ChildProcess;
  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** `outrigger run` of this checkout, or of another, once it is ready. */
  static async manager(kubeconfig: string, checkout = fileURLToPath(new URL("../../", import.meta.url))): Promise<ServerProcess> {
    const args = [`${checkout}/packages/cli/bin/outrigger.js`, "run", "--kubeconfig", kubeconfig];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => said.push(chunk.toString()));
    await new Promise<void>((resolve, reject) => {
      child.on("message", (message) => message === "ready" && resolve());
      child.on("exit", (code) => reject(new Error(`the manager ended with ${code}: ${said.join("")}`)));
    });
    return new ServerProcess(child);
  }

  get cpuSeconds(): number {
    return cpuSeconds(this.#child.pid!);
  }

  get residentMiB(): number {
    return residentMib(this.#child.pid!);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}
