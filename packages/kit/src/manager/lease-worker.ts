// The thread that looks after the lease: it has an event loop of its own, so that no big list and no slow reconcile can
// keep it from renewing, and it ends the process when the main thread does not react to the loss.
import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { connect } from "../client/index.ts";
import { LeaderElector, LeadershipLostError } from "./leader-election.ts";
import type { FromLeaseThread, LeaseThreadData, ToLeaseThread } from "./lease-messages.ts";
import { forwardingLog } from "./thread-log.ts";

const { cluster, userAgent, options, spareMs, until } = workerData as LeaseThreadData;
const port = parentPort!;
const tell = (message: FromLeaseThread): void => port.postMessage(message);
const nowNs = (): bigint => process.hrtime.bigint();
const inNs = (ms: number): bigint => nowNs() + BigInt(Math.round(ms * 1e6));
const validUntil = new BigInt64Array(until);

const client = connect(cluster, {
  userAgent,
  onWarning: () => {},
  onRequest: (method, code, host) => tell({ type: "request", method, code, host }),
});
const elector = new LeaderElector({
  client,
  log: forwardingLog(tell),
  options,
  onRenewed: (leftMs) => void Atomics.store(validUntil, 0, inNs(leftMs)),
});
const end = new AbortController();
let killer: NodeJS.Timeout | undefined;

port.on("message", (message: ToLeaseThread) => {
  if (message.type === "acknowledge") clearTimeout(killer);
  else void stop(message.giveBack);
});

const holding = lead();

async function lead(): Promise<void> {
  try {
    await elector.acquire(end.signal);
    tell({ type: "leading" });
    await elector.hold(end.signal);
  } catch (error) {
    if (end.signal.aborted) return;
    // Lost to somebody who did not wait leaves no time; the main thread gets a moment all the same.
    const endWithinMs = Math.max(elector.leftMs - spareMs, spareMs);
    killer = setTimeout(endProcess, endWithinMs);
    const message = error instanceof LeadershipLostError ? error.message : String(error);
    tell({ type: "lost", message, endBy: inNs(endWithinMs) });
  }
}

async function stop(giveBack: boolean): Promise<void> {
  end.abort(new DOMException("stopped", "AbortError"));
  await holding;
  if (giveBack) await elector.release();
  clearTimeout(killer);
  await client.close();
  port.close();
}

/** Written straight to standard error: nothing of the main thread's can be relied upon. */
function endProcess(): void {
  writeSync(
    2,
    `${JSON.stringify({ level: 60, time: new Date().toISOString(), lease: options.name, msg: "the lease is lost and the main thread does not react; the process is ended, since another may lead from now on" })}\n`,
  );
  process.kill(process.pid, "SIGKILL");
}
