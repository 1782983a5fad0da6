// Sends reviews over TLS from a process of its own, each connection one after another, and tells how long each took.
import { Pool } from "undici";
import { answerWith } from "../contender.ts";
import { review } from "../injection/rules.ts";

export interface LoadOptions {
  readonly url: string;
  readonly ca: string;
  readonly connections: number;
  /** How many in all: a machine that is busy otherwise takes longer, and the server no less. */
  readonly reviews: number;
}

/** Latencies in milliseconds. */
export interface LoadResult {
  readonly reviews: number;
  readonly p50: number;
  readonly p99: number;
}

const bodies = Array.from({ length: 200 }, (_, index) => review(index));

answerWith(async ({ url, ca, connections, reviews }: LoadOptions): Promise<LoadResult> => {
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, { connections, pipelining: 1, connect: { ca } });
  const took: number[] = [];
  let left = reviews;
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      for (let index = connection; left > 0; index++) {
        left--;
        const began = performance.now();
        const { statusCode, body } = await pool.request({
          method: "POST",
          path: pathname + search,
          headers: { "content-type": "application/json" },
          body: bodies[index % bodies.length]!,
        });
        if (statusCode !== 200) throw new Error(`the server under test answered ${statusCode}`);
        if (took.length > 0) await body.dump();
        else {
          const text = await body.text();
          if (!text.includes('"patch":')) throw new Error(`no patch in the answer: ${text.slice(0, 300)}`);
        }
        took.push(performance.now() - began);
      }
    }),
  );
  await pool.destroy();
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? Number.NaN;
  return { reviews: took.length, p50: at(0.5), p99: at(0.99) };
});
