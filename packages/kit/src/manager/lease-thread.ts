import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Log } from "../controller/index.ts";
import { LeadershipLostError } from "./leader-election.ts";
import type { HeldLease, Loss } from "./lease.ts";
import type { FromLeaseThread, LeaseThreadData, ToLeaseThread } from "./lease-messages.ts";

export interface LeaseThreadOptions extends Omit<LeaseThreadData, "until"> {
  readonly log: Log;
  readonly onRequest?: ((method: string, code: string, host: string) => void) | undefined;
}

/**
 * Looks after the lease in a thread of its own, with a client and credentials of its own.
 *
 * When leadership is lost and nobody acknowledges that in time, because the main thread is blocked, the thread ends the
 * process with SIGKILL: the one case in which this library does so.
 */
export function leaseThread({ log, onRequest, ...data }: LeaseThreadOptions): HeldLease {
  const until = new SharedArrayBuffer(8);
  const validUntil = new BigInt64Array(until);
  // Sources are run as they are, and the build has its own: whichever this file is.
  const worker = new Worker(new URL(`./lease-worker${extname(import.meta.url)}`, import.meta.url), {
    name: "lease",
    workerData: { ...data, cluster: cloneable(data.cluster), until } satisfies LeaseThreadData,
  });
  const acquired = Promise.withResolvers<void>();
  acquired.promise.catch(() => {});
  const lost = Promise.withResolvers<Loss>();
  const exited = once(worker, "exit").catch(() => {});
  const lose = (message: string, endWithinMs: number, cause?: unknown): void => {
    const error = new LeadershipLostError(message, cause === undefined ? {} : { cause });
    acquired.reject(error);
    lost.resolve({ error, endWithinMs });
  };
  let stopped = false;
  worker.on("message", (message: FromLeaseThread) => {
    if (message.type === "leading") acquired.resolve();
    else if (message.type === "lost") lose(message.message, Math.max(0, Number(message.endBy - process.hrtime.bigint()) / 1e6));
    else if (message.type === "request") onRequest?.(message.method, message.code, message.host);
    else log[message.level](message.fields, message.text);
  });
  worker.on("error", (error) => lose(`the thread that renews the lease failed: ${error.message}`, 0, error));
  worker.on("exit", () => {
    if (!stopped) lose("the thread that renews the lease has ended", 0);
  });
  const send = (message: ToLeaseThread): void => worker.postMessage(message);
  return {
    acquired: acquired.promise,
    lost: lost.promise,
    valid: () => process.hrtime.bigint() < Atomics.load(validUntil, 0),
    acknowledge: () => send({ type: "acknowledge" }),
    async stop(giveBack) {
      stopped = true;
      acquired.reject(new DOMException("stopped", "AbortError"));
      send({ type: "stop", giveBack });
      await exited;
    },
  };
}

/** As plain data: `process.env`, which options may hold, cannot be given to a thread as it is. */
export function cloneable<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
