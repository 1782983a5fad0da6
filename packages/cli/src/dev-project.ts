import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { type FSWatcher, watch } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type DevOptions, quoted, startCluster, stopSignal } from "./dev.ts";
import { CliError } from "./errors.ts";
import { ReadyFile } from "./files.ts";
import { ended, startProgram } from "./install/index.ts";
import type { Project } from "./project/index.ts";

/** Editors write a file in several steps. */
const SETTLE_MS = 100;

/**
 * `outrigger dev` in a project: the devcluster in this process, the operator as a process beside it, started again when a
 * file of `src/` changes. An operator that fails waits for the next change.
 */
export async function devProject(project: Project, options: DevOptions): Promise<void> {
  if (options.once) throw new CliError("--once checks the quickstart, and a project has none: npm test runs its tests", { exitCode: 2 });
  const kubeconfigFile = resolve(options.kubeconfig);
  const readyFile = new ReadyFile(options.readyFile);
  const stopped = stopSignal();
  const cluster = await startCluster(options, kubeconfigFile);
  const program = new Program(project, kubeconfigFile);
  try {
    console.log(`The cluster answers at ${cluster.url} after ${Math.round(performance.now())} ms. In another terminal:\n`);
    console.log(`  export KUBECONFIG=${quoted(kubeconfigFile)}\n`);
    await program.start();
    readyFile.write(`${kubeconfigFile}\n`);
    console.log(
      `${project.name} is started again when src/ changes. Ctrl-C stops; ${relative(process.cwd(), kubeconfigFile)} goes away with it.`,
    );
    await stopped;
  } finally {
    await program.stop();
    await cluster.close();
    readyFile.remove();
  }
}

/** The project's definitions and its program, always of the newest sources. */
class Program {
  readonly #project: Project;
  readonly #kubeconfig: string;
  #child: ChildProcess | undefined;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  /** One start or stop at a time. */
  #turn: Promise<void> = Promise.resolve();

  constructor(project: Project, kubeconfig: string) {
    this.#project = project;
    this.#kubeconfig = kubeconfig;
  }

  async start(): Promise<void> {
    this.#watcher = watch(join(this.#project.folder, "src"), { recursive: true }, (_event, file) => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#again(String(file)), SETTLE_MS);
    });
    await this.#inTurn(() => this.#begin());
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#watcher?.close();
    clearTimeout(this.#timer);
    await this.#inTurn(() => this.#end());
  }

  #again(file: string): void {
    if (this.#stopping) return;
    console.log(`\nsrc/${file} changed: starting again`);
    void this.#inTurn(async () => {
      await this.#end();
      if (!this.#stopping) await this.#begin();
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work, work);
    return this.#turn;
  }

  /** In processes of their own: this one would keep the modules that it has read. */
  async #begin(): Promise<void> {
    const main = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js", import.meta.url));
    const install = spawn(process.execPath, [main, "install", "--kubeconfig", this.#kubeconfig], {
      cwd: this.#project.folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if ((await ended(install)) !== 0) return this.#waiting();
    const child = startProgram(this.#project, { ...process.env, KUBECONFIG: this.#kubeconfig });
    this.#child = child;
    void ended(child).then((code) => {
      if (this.#child === child && !this.#stopping) this.#waiting(` (exit code ${code})`);
    });
  }

  #waiting(why = ""): void {
    console.log(`The operator does not run${why}: waiting for the next change of src/`);
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = ended(child);
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await gone;
    clearTimeout(force);
  }
}
