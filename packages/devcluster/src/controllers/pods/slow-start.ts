/**
 * Runs `work` `count` times in batches of 1, 2, 4, …: where the first fails, as under a quota, few others are tried
 * (`controller.slowStartBatch`).
 *
 * @returns how many succeeded, and the first error.
 */
export async function slowStart(count: number, work: () => Promise<void>): Promise<{ readonly done: number; readonly error?: unknown }> {
  let done = 0;
  for (let batch = Math.min(count, 1); batch > 0; batch = Math.min(2 * batch, count - done)) {
    const results = await Promise.allSettled(Array.from({ length: batch }, work));
    const failed = results.filter((result) => result.status === "rejected");
    done += batch - failed.length;
    if (failed.length > 0) return { done, error: failed[0]!.reason };
  }
  return { done };
}
