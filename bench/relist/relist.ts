import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { Pool } from "undici";
import { Contender } from "../contender.ts";
import type { Figure } from "../main.ts";
import type { Renewals } from "./server.ts";

const PODS = 50_000;
const PER_SECOND = 200;
/** The longest that an API server waits for a webhook unless told otherwise, milliseconds. */
const TIMEOUT_MS = 10_000;
const RELISTS = 3;
const BETWEEN_MS = 6_000;
const LEASE_MS = 15_000;

/**
 * How long reviews wait at 200/s while the same process lists 50,000 pods again, three times, after `410 Gone`: with the
 * controller that caches them in a thread of its own, and beside it with all in one event loop.
 */
export async function run(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const way of ["thread", "loop"] as const) {
    const { waits, failed, renewals, failure } = await measure(way);
    const at = (share: number): string => `${Math.round(waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0)} ms`;
    const lost = failure !== null || renewals.holders !== 1 || renewals.longestPause > LEASE_MS;
    figures.push({
      what: `${waits.length} reviews at ${PER_SECOND}/s during ${RELISTS} relists of ${PODS.toLocaleString("en")} pods, ${way === "thread" ? "controller in a thread of its own" : "all in one event loop"}`,
      value: `p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}; ${failed} failed; lease renewed ${renewals.count} times, at most ${(renewals.longestPause / 1000).toFixed(1)} s apart`,
      goal: "no timeout, no lease lost",
      met: failed === 0 && !lost,
    });
  }
  return figures;
}

async function measure(way: "thread" | "loop"): Promise<{ waits: number[]; failed: number; renewals: Renewals; failure: string | null }> {
  const ca = createCa({ commonName: "bench" });
  const certificate = issueCertificate(ca, { commonName: "hook", ipAddresses: ["127.0.0.1"], usages: ["server auth"] });
  const server = Contender.start("relist/server.ts");
  const manager = Contender.start("relist/contender.ts", [way]);
  try {
    const kubeconfig = await server.ask<string>({ pods: PODS });
    const port = await manager.ask<number>({ kubeconfig, certificate });
    const pool = new Pool(`https://127.0.0.1:${port}`, { connections: 16, pipelining: 1, connect: { ca: ca.certificate } });
    const waits: number[] = [];
    let failed = 0;
    const start = performance.now();
    const end = start + RELISTS * BETWEEN_MS;
    const pending: Promise<void>[] = [];
    let sent = 0;
    let relists = 0;
    while (performance.now() < end) {
      const elapsed = performance.now() - start;
      if (elapsed >= relists * BETWEEN_MS) {
        relists++;
        await server.ask("expire");
      }
      // Sent when they are due, answered or not, and timed from when they were due.
      for (; sent < (elapsed * PER_SECOND) / 1000; sent++) {
        const due = start + (sent * 1000) / PER_SECOND;
        pending.push(
          review(pool, sent).then(
            () => void waits.push(performance.now() - due),
            () => void failed++,
          ),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await Promise.all(pending);
    await pool.destroy();
    const renewals = await server.ask<Renewals>("renewals");
    const failure = await manager.ask<string | null>("failure");
    return { waits: waits.sort((a, b) => a - b), failed, renewals, failure };
  } finally {
    await manager.end();
    await server.end();
  }
}

async function review(pool: Pool, index: number): Promise<void> {
  const request = {
    uid: String(index),
    operation: "CREATE",
    kind: { group: "", version: "v1", kind: "Pod" },
    resource: { group: "", version: "v1", resource: "pods" },
    namespace: "default",
    object: { apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "default" } },
  };
  const { statusCode, body } = await pool.request({
    method: "POST",
    path: "/validate?timeout=10s",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await body.dump();
  if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
}
