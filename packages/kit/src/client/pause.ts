import { LongTimer } from "../queue/index.ts";

/** Waits `ms` milliseconds; rejects with the signal's reason when that ends first. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const end = (): void => {
      timer.cancel();
      reject(signal!.reason);
    };
    const timer = new LongTimer(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}
