import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { type Dispatcher, Pool } from "undici";
import type { Figure } from "../main.ts";
import { review } from "./rules.ts";

const GOAL = 0.6;
const CONNECTIONS = 8;
const ROUNDS = 9;

/**
 * Reviews per second through the TLS webhook with 100 sets of which 3 match, beside a bare node:https server that
 * answers the same bodies with a constant of the same size. Each runs in a process of its own; rounds alternate, medians
 * count. The second figure is per second of the server's own processor time.
 */
export async function run(seconds: number): Promise<Figure[]> {
  const ca = createCa({ commonName: "bench" });
  const certificate = issueCertificate(ca, {
    commonName: "hook",
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    usages: ["server auth"],
  });
  const rates: Record<"outrigger" | "bare", Rate[]> = { outrigger: [], bare: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of ["bare", "outrigger"] as const) rates[server].push(await measure(server, certificate, ca.certificate, seconds));
  }
  const [ours, bare] = [median(rates.outrigger.map((rate) => rate.perSecond)), median(rates.bare.map((rate) => rate.perSecond))];
  const ratio = ours / bare;
  const cpu = median(rates.outrigger.map((rate) => rate.perCpuSecond)) / median(rates.bare.map((rate) => rate.perCpuSecond));
  return [
    {
      what: `reviews through the TLS webhook, 100 sets of which 3 match, ${CONNECTIONS} connections, client and server on ${cpus().length} cores`,
      value: `${percent(ratio)} of bare node:https (${Math.round(ours).toLocaleString("en")} of ${Math.round(bare).toLocaleString("en")} reviews/s), ${percent(cpu)} per CPU-second`,
      goal: "≥ 60 %",
      met: ratio >= GOAL,
    },
  ];
}

interface Rate {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`;

async function measure(
  server: "outrigger" | "bare",
  certificate: { certificate: string; key: string },
  ca: string,
  seconds: number,
): Promise<Rate> {
  const child = fork(new URL("server.ts", import.meta.url), [server], { execArgv: process.execArgv });
  child.send(certificate);
  const [port] = (await once(child, "message")) as [number];
  const pool = new Pool(`https://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1, connect: { ca } });
  try {
    const bodies = Array.from({ length: 200 }, (_, index) => review(index));
    await load(pool, bodies, 500);
    const milliseconds = (seconds * 1000) / ROUNDS;
    const before = await cpuOf(child);
    const answered = await load(pool, bodies, milliseconds);
    const spent = (await cpuOf(child)) - before;
    return { perSecond: (answered * 1000) / milliseconds, perCpuSecond: (answered * 1e6) / spent };
  } finally {
    await pool.destroy();
    child.kill();
    await once(child, "exit");
  }
}

async function load(pool: Dispatcher, bodies: readonly string[], milliseconds: number): Promise<number> {
  const until = performance.now() + milliseconds;
  let answered = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, connection) => {
      for (let index = connection; performance.now() < until; index++) {
        const { statusCode, body } = await pool.request({
          method: "POST",
          path: "/mutate--v1-pod",
          headers: { "content-type": "application/json" },
          body: bodies[index % bodies.length]!,
        });
        await body.dump();
        if (statusCode !== 200) throw new Error(`the server under test answered ${statusCode}`);
        answered++;
      }
    }),
  );
  return answered;
}

/** Microseconds of processor time that a server has used. */
async function cpuOf(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const [microseconds] = (await once(child, "message")) as [number];
  return microseconds;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
