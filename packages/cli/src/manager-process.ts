import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface ManagerProcessOptions {
  readonly kubeconfigFile: string;
  readonly namespace: string;
  /** Environment of the manager beside our own; PodDefaults may read these variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called with a line for the user when the manager ends unasked and is started again. */
  readonly onRestart: (line: string) => void;
}

/**
 * The manager as a process of its own, which reaches the cluster as it would anywhere: by its kubeconfig, over TLS.
 *
 * Guarantees: ended unasked (killed, crashed), it is started again, after 0.2 s and then twice as long each time up to
 * 10 s; ending this process ends it too, however this one ends.
 */
export class ManagerProcess {
  readonly #options: ManagerProcessOptions;
  #child: ChildProcess | undefined;
  #stopping = false;
  #delayMs = 200;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: ManagerProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and waits until its webhooks are registered. @throws Error with what it last said when it ends before. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const main = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js", import.meta.url));
      const { kubeconfigFile, namespace, environment } = this.#options;
      const offer = ["--offer-environment", Object.keys(environment).join(",")];
      const child = fork(main, ["run", "--kubeconfig", kubeconfigFile, "--namespace", namespace, "--features", "all", ...offer], {
        env: { ...process.env, ...environment },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      });
      this.#child = child;
      let said = "";
      const listen = (chunk: Buffer): void => {
        said = (said + chunk.toString("utf8")).slice(-2000);
        if (process.env["OUTRIGGER_DEBUG"]) process.stderr.write(chunk);
      };
      child.stdout?.on("data", listen);
      child.stderr?.on("data", listen);
      let ready = false;
      child.on("message", (message) => {
        if (message === "ready") {
          ready = true;
          this.#delayMs = 200;
          resolve();
        }
      });
      child.on("exit", (code, signal) => {
        const why = `the manager ended (${signal ?? `exit code ${code}`})${said.trim() ? `: ${said.trim().split("\n").at(-1)}` : ""}`;
        if (!ready) reject(new Error(why));
        else if (!this.#stopping) this.#startAgain(why);
      });
    });
  }

  #startAgain(why: string): void {
    this.#options.onRestart(`${why}; starting it again`);
    this.#restart = setTimeout(() => {
      this.start().catch((error: unknown) => {
        if (!this.#stopping) this.#startAgain(error instanceof Error ? error.message : String(error));
      });
    }, this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, 10_000);
  }

  /** Asks it to stop, which takes its webhook entries away, and waits; kills it after 10 s. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(force);
  }
}
