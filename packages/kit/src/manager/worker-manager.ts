import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { MetricFamilies } from "../metrics/index.ts";
import { LeadershipLostError } from "./leader-election.ts";
import { cloneable } from "./lease-thread.ts";
import type { ManagerOptions, RunningService, Service, ServiceContext } from "./manager.ts";
import type { FromManagerThread, ManagerThreadData, ToManagerThread } from "./thread-messages.ts";

/** What a manager in a thread of its own is made of. */
export type ThreadManagerOptions = Omit<ManagerOptions, "client" | "kubeconfig" | "log" | "probes" | "secureMetrics">;
/** Default export of a thread's module. */
export type ThreadModule<Data = unknown> = (data: Data) => ThreadManagerOptions | Promise<ThreadManagerOptions>;

/** Which module runs in a thread, and with what. */
export interface WorkerManagerOptions {
  /** Names the thread, in logs too. */
  readonly name: string;
  /** The module whose default export says what runs in the thread: `new URL("./controllers.ts", import.meta.url)`. */
  readonly module: URL;
  /** Given to it; must be such that `structuredClone` takes it. */
  readonly data?: unknown;
}

/** How long a scrape waits for the thread's figures, in milliseconds. */
const METRICS_MS = 2_000;

/**
 * A manager in a worker thread, as a part of this one (`webhooks: [workerManager(…)]`): it has an event loop, a heap,
 * a client and caches of its own, so that neither holds up the other. Put the controllers with big caches there, and the
 * webhooks here; or the other way round.
 *
 * Guarantees
 * - It starts, and is ready, in this manager's order: its webhooks listen before this one's caches, its caches have
 *   synced before this one is ready. Controllers of its own run once they may, as always.
 * - When it fails, this manager's `run` rejects with its error; `LeadershipLostError` stays one. Stopping stops it.
 * - What has not ended by the end of the grace period is ended by force.
 * - Its log lines and its figures appear with this manager's.
 */
export function workerManager({ name, module, data }: WorkerManagerOptions): Service {
  return {
    name,
    async start(context) {
      const { cluster } = context;
      if (!cluster) throw new Error(`${name} runs in a thread of its own and needs the manager's kubeconfig beside its client`);
      return await new ManagerThread(context, { name, module: module.href, data, cluster: cloneable(cluster) }).started(context.signal);
    },
  };
}

class ManagerThread implements RunningService {
  readonly failed: Promise<unknown>;
  readonly #worker: Worker;
  readonly #exited: Promise<unknown>;
  readonly #serving = Promise.withResolvers<void>();
  readonly #synced = Promise.withResolvers<void>();
  readonly #asked = new Map<number, (families: MetricFamilies) => void>();
  #asks = 0;
  #stopping = false;

  constructor({ log, overdue }: ServiceContext, data: ManagerThreadData) {
    const failed = Promise.withResolvers<unknown>();
    this.failed = failed.promise;
    const fail = (error: Error): void => {
      this.#serving.reject(error);
      this.#synced.reject(error);
      if (!this.#stopping) failed.resolve(error);
    };
    this.#serving.promise.catch(() => {});
    this.#synced.promise.catch(() => {});
    this.#worker = new Worker(new URL(`./manager-worker${extname(import.meta.url)}`, import.meta.url), {
      name: data.name,
      workerData: data,
    });
    this.#exited = once(this.#worker, "exit").catch(() => {});
    this.#worker.on("message", (message: FromManagerThread) => {
      if (message.type === "log") log[message.level](message.fields, message.text);
      else if (message.type === "serving") this.#serving.resolve();
      else if (message.type === "synced") this.#synced.resolve();
      else if (message.type === "metrics") this.#asked.get(message.id)?.(message.families);
      else if (message.type === "failed") fail(errorOf(message));
    });
    this.#worker.on("error", fail);
    // A thread whose code does not end by itself would keep the process, and may be too busy to hear anything.
    overdue.addEventListener("abort", () => void this.#worker.terminate(), { once: true });
    this.#worker.on("exit", () => fail(new Error(`${data.name}: its thread has ended`)));
  }

  /** @param signal ends the thread while it starts; afterwards that is for `stop`, in its turn. */
  async started(signal: AbortSignal): Promise<this> {
    const end = (): void => void this.stop();
    signal.addEventListener("abort", end, { once: true });
    try {
      await this.#serving.promise;
      return this;
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  ready(): Promise<void> {
    return this.#synced.promise;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#send({ type: "stop" });
    await this.#exited;
  }

  /** Nothing when the thread is too busy to answer. */
  async metrics(): Promise<MetricFamilies> {
    const id = ++this.#asks;
    const { promise, resolve } = Promise.withResolvers<MetricFamilies>();
    this.#asked.set(id, resolve);
    const timer = setTimeout(() => resolve([]), METRICS_MS);
    this.#send({ type: "metrics", id });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(id);
    }
  }

  #send(message: ToManagerThread): void {
    this.#worker.postMessage(message);
  }
}

function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  if (name === "LeadershipLostError") return new LeadershipLostError(message);
  const error = new Error(message);
  error.name = name;
  return error;
}
