import { fork } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { type Dispatcher, Pool } from "undici";
import type { Figure } from "../main.ts";
import { pod } from "./rules.ts";

const GOAL = 0.6;
const CONNECTIONS = 8;
const ROUNDS = 3;

/**
 * Reviews per second through the TLS webhook with 100 sets of which 3 match, beside a bare node:https server that
 * answers the same bodies with a constant. Each runs in a process of its own; rounds alternate, medians count.
 */
export async function run(seconds: number): Promise<Figure[]> {
  const ca = createCa({ commonName: "bench" });
  const certificate = issueCertificate(ca, {
    commonName: "hook",
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    usages: ["server auth"],
  });
  const rates: Record<"outrigger" | "bare", number[]> = { outrigger: [], bare: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of ["bare", "outrigger"] as const) rates[server].push(await measure(server, certificate, ca.certificate, seconds));
  }
  const [ours, bare] = [median(rates.outrigger), median(rates.bare)];
  const ratio = ours / bare;
  return [
    {
      what: `reviews through the TLS webhook, 100 sets of which 3 match, ${CONNECTIONS} connections, client and server on ${cpus().length} cores`,
      value: `${(ratio * 100).toFixed(0)} % of bare node:https (${Math.round(ours).toLocaleString("en")} of ${Math.round(bare).toLocaleString("en")} reviews/s)`,
      goal: "≥ 60 %",
      met: ratio >= GOAL,
    },
  ];
}

async function measure(
  server: "outrigger" | "bare",
  certificate: { certificate: string; key: string },
  ca: string,
  seconds: number,
): Promise<number> {
  const child = fork(new URL("server.ts", import.meta.url), [server], { execArgv: process.execArgv });
  child.send(certificate);
  const [port] = (await once(child, "message")) as [number];
  const pool = new Pool(`https://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1, connect: { ca } });
  try {
    const bodies = Array.from({ length: 200 }, (_, index) => review(index));
    await load(pool, bodies, 500);
    const milliseconds = (seconds * 1000) / ROUNDS;
    return ((await load(pool, bodies, milliseconds)) * 1000) / milliseconds;
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

function review(index: number): string {
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      namespace: "default",
      operation: "CREATE",
      userInfo: {
        username: "system:serviceaccount:kube-system:replicaset-controller",
        groups: ["system:serviceaccounts", "system:authenticated"],
      },
      object: pod(index),
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    },
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
