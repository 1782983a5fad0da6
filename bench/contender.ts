import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";

const PEERS = new URL("peers/", import.meta.url);

/** A process of its own for one contender or server, so that nobody pays for another's garbage or warm code. */
export class Contender {
  readonly #child: ChildProcess;
  readonly #gone: Promise<never>;
  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#gone = once(child, "exit").then(([code, signal]) => {
      throw new Error(`${child.spawnargs.slice(-3).join(" ")} ended with ${code ?? signal}`);
    });
    this.#gone.catch(() => {});
  }

  /** @param file beside this one, as `api/server.ts`. */
  static start(file: string, args: readonly string[] = []): Contender {
    const execArgv = ["--conditions=source", "--expose-gc", "--max-old-space-size=6144"];
    return new Contender(fork(new URL(file, import.meta.url), [...args], { execArgv, serialization: "advanced" }));
  }

  /** Sends a message and waits for the answer. */
  async ask<T>(message: unknown): Promise<T> {
    const answer = new Promise((resolve) => this.#child.once("message", resolve));
    this.#child.send(message as object);
    const value = (await Promise.race([answer, this.#gone])) as T | { readonly failed: string };
    if (typeof value === "object" && value !== null && "failed" in value) throw new Error(value.failed);
    return value as T;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}

/** In the contender's process: answers each message; what is thrown is thrown to who asked. */
export function answerWith(act: (message: never) => unknown): void {
  process.on("message", async (message) => {
    try {
      process.send?.((await act(message as never)) ?? null);
    } catch (error) {
      process.send?.({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.once("disconnect", () => process.exit());
}

/** Installs what we are measured against, once; it is no part of the project's own dependencies. */
export function installPeers(): void {
  if (existsSync(new URL("node_modules/@kubernetes/client-node/package.json", PEERS))) return;
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: PEERS, stdio: "inherit" });
}

/** What is used here of `@kubernetes/client-node`, which type checks do without. */
interface ClientNode {
  readonly CoreV1Api: new () => CoreV1Api;
  readonly KubeConfig: new () => { loadFromString(text: string): void; makeApiClient(api: new () => CoreV1Api): CoreV1Api };
  readonly Watch: new (
    config: object,
  ) => {
    watch(path: string, query: object, onEvent: () => void, onDone: () => void): Promise<unknown>;
  };
  makeInformer(
    config: object,
    path: string,
    list: () => Promise<unknown>,
  ): { on(verb: string, handle: () => void): void; start(): Promise<void>; list(): readonly unknown[] };
}
interface CoreV1Api {
  readNamespacedPod(key: { readonly namespace: string; readonly name: string }): Promise<unknown>;
  listPodForAllNamespaces(options?: { readonly limit: number }): Promise<unknown>;
}

/** `@kubernetes/client-node`, from the peers' folder. */
export async function clientNode(): Promise<ClientNode> {
  return (await import(new URL("node_modules/@kubernetes/client-node/dist/index.js", PEERS).href)) as ClientNode;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Collects garbage and gives the bytes of heap in use. */
export function settledHeap(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
