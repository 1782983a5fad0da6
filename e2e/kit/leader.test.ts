import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect, dynamicResource } from "@outrigger/kit/client";
import { ConfigMap, Namespace } from "@outrigger/kit/kinds";
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startCluster } from "../outrigger.ts";
import { CuttableProxy } from "./cuttable-proxy.ts";
import type { Act, CandidateSettings } from "./leader-candidate.ts";

/**
 * Short, since most tests wait for leases to run out, and yet such that three processes on a busy machine keep them.
 * `LEASE_TIMES=15000,10000,2000` runs it with the defaults.
 */
const [leaseDurationMs = 7_000, renewDeadlineMs = 4_000, retryPeriodMs = 400] = process.env["LEASE_TIMES"]?.split(",").map(Number) ?? [];
const times = { leaseDurationMs, renewDeadlineMs, retryPeriodMs };
/** A lease that nobody gave back, the longest pause between two tries, and what a busy machine needs on top. */
const TAKE_OVER_MS = leaseDurationMs + 2.2 * retryPeriodMs + 15_000;
const LONG = { timeoutMs: TAKE_OVER_MS + 60_000 };
const Lease = dynamicResource("coordination.k8s.io/v1", "Lease", "leases", "Namespaced");

interface Candidate {
  readonly identity: string;
  readonly process: ChildProcess;
  readonly proxy: CuttableProxy;
  readonly offsetFile: string;
  readonly exit: Promise<unknown>;
  leads: boolean;
  output: string;
}

let cluster: TestCluster;
let client: Client;
let folder: string;
let namespace: string;
let actsFile: string;
const candidates: Candidate[] = [];
let started = 0;

beforeAll(async () => {
  cluster = await startCluster();
  client = connect({ text: cluster.kubeconfig });
  namespace = `leader-${Date.now().toString(36)}`;
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "acts", namespace }, data: {} });
  folder = mkdtempSync(join(tmpdir(), "leader-"));
  actsFile = join(folder, "acts");
  writeFileSync(actsFile, "");
});
afterAll(async () => {
  for (const candidate of candidates) {
    if (runs(candidate)) candidate.process.kill("SIGKILL");
    await candidate.exit;
    candidate.proxy.close();
  }
  if (folder) rmSync(folder, { recursive: true, force: true });
  await client?.delete(Namespace, { name: namespace });
  await client?.close();
  await cluster?.close();
});
/** Three compete in each test: whoever ended in the one before is replaced. */
beforeEach(async ({ onTestFailed }) => {
  onTestFailed(() => console.log(candidates.map(({ identity, output }) => `--- ${identity}\n${output}`).join("\n")));
  while (candidates.filter(runs).length < 3) candidates.push(await start());
});

function runs({ process: child }: Candidate): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function start(): Promise<Candidate> {
  const identity = `candidate-${++started}`;
  const server = new URL(cluster.kubeconfig.match(/server:\s*["']?(https:\/\/[^\s"',]+)/)?.[1] ?? cluster.url);
  const proxy = await CuttableProxy.start(server);
  const kubeconfig = cluster.kubeconfig.replaceAll(server.origin, `https://${server.hostname}:${proxy.port}`);
  const offsetFile = join(folder, `${identity}.offset`);
  writeFileSync(offsetFile, "0");
  const settings: CandidateSettings = { kubeconfig, namespace, identity, acts: actsFile, times };
  const child = spawn(
    process.execPath,
    [
      "--conditions=source",
      "--import",
      new URL("shifted-clock.ts", import.meta.url).href,
      new URL("leader-candidate.ts", import.meta.url).pathname,
      JSON.stringify(settings),
    ],
    { stdio: ["ignore", "pipe", "pipe", "ipc"], env: { ...process.env, CLOCK_OFFSET_FILE: offsetFile, NODE_OPTIONS: "" } },
  );
  const candidate: Candidate = { identity, process: child, proxy, offsetFile, exit: once(child, "exit"), leads: false, output: "" };
  child.on("message", (message) => {
    if (message === "leading") candidate.leads = true;
  });
  for (const stream of [child.stdout!, child.stderr!])
    stream.on("data", (chunk: Buffer) => {
      candidate.output += chunk.toString("utf8");
    });
  return candidate;
}

async function leaseSpec(): Promise<{ readonly renewTime?: string; readonly leaseTransitions?: number }> {
  return ((await client.get(Lease, { namespace, name: "candidate" })) as { spec?: object }).spec ?? {};
}
const nowMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
const acts = (): Act[] =>
  readFileSync(actsFile, "utf8")
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line) as Act);
/** Who leads, once it has written; another than the one given. */
function leader(before?: Candidate): Promise<Candidate> {
  return eventually(() => {
    const wrote = new Set(acts().map(({ identity }) => identity));
    return candidates.find((one) => one !== before && runs(one) && wrote.has(one.identity));
  }, LONG);
}

/** First and last write of each that led, in order. */
function tenures(): { readonly identity: string; readonly first: number; readonly last: number }[] {
  const spans = new Map<string, { identity: string; first: number; last: number }>();
  for (const { identity, at } of acts()) {
    const span = spans.get(identity);
    if (span) span.last = Math.max(span.last, at);
    else spans.set(identity, { identity, first: at, last: at });
  }
  return [...spans.values()].sort((a, b) => a.first - b.first);
}

/** That no two led at once; milliseconds between the last write of one and the first of the next. */
function expectNoOverlap(what: string, from: number): void {
  const spans = tenures();
  const gaps = spans.slice(1).map((span, index) => span.first - spans[index]!.last);
  const takeOver = spans.at(-1)!.first - from;
  console.log(
    `${cluster.kind}, ${what}: taken over after ${Math.round(takeOver)} ms; pauses between leaders ${gaps.map(Math.round).join(", ")} ms; overlap ${Math.round(Math.max(0, ...gaps.map((gap) => -gap)))} ms`,
  );
  for (const gap of gaps) expect(gap).toBeGreaterThan(0);
}
async function ended({ exit, process: child }: Candidate): Promise<{ code: number | null; signal: string | null }> {
  await exit;
  return { code: child.exitCode, signal: child.signalCode };
}

test("of three managers one leads, and when it is killed another takes over once its lease has run out", async () => {
  const first = await leader();
  const killed = nowMs();
  first.process.kill("SIGKILL");
  const second = await leader(first);
  expect(second).not.toBe(first);
  expectNoOverlap("SIGKILL", killed);
  expect(tenures().at(-1)!.first - killed).toBeLessThan(TAKE_OVER_MS);
});

test("asked to stop, the leader gives its lease back and ends well, and another takes over without waiting for it to run out", async () => {
  const first = await leader();
  const stopped = nowMs();
  first.process.kill("SIGTERM");
  await leader(first);
  expect(await ended(first)).toEqual({ code: 0, signal: null });
  expectNoOverlap("SIGTERM", stopped);
  // It was renewed a retry period ago at most: nobody could have it by now who waits for its end.
  expect(tenures().at(-1)!.first - stopped).toBeLessThan(leaseDurationMs - retryPeriodMs);
});

test("a leader that stood still longer than its lease writes nothing when it wakes, and ends with an error", async () => {
  const first = await leader();
  const stopped = nowMs();
  first.process.kill("SIGSTOP");
  await leader(first);
  const woken = nowMs();
  first.process.kill("SIGCONT");
  expect((await ended(first)).code ?? 137).not.toBe(0);
  console.log(`${cluster.kind}, SIGCONT: ended ${Math.round(nowMs() - woken)} ms after it woke`);
  expectNoOverlap("SIGSTOP", stopped);
  expect(tenures().find(({ identity }) => identity === first.identity)!.last).toBeLessThan(woken);
});

test("setting the time of day, forwards or backwards, of the leader or of who waits, changes no leader", async () => {
  const first = await leader();
  const before = tenures();
  const { leaseTransitions } = await leaseSpec();
  const renewTime = async (): Promise<number> => {
    const spec = await leaseSpec();
    expect(spec.leaseTransitions).toBe(leaseTransitions);
    return Date.parse(spec.renewTime ?? "");
  };
  for (const shiftMs of [3_600_000, -3_600_000, 86_400_000]) {
    for (const candidate of candidates) {
      writeFileSync(candidate.offsetFile, String(candidate === first ? shiftMs : -shiftMs));
    }
    // The jump has arrived at the leader's own thread, and it goes on renewing for longer than a lease lasts.
    const jumped = await eventually(async () => {
      const at = await renewTime();
      return Math.abs(at - Date.now() - shiftMs) < 60_000 && at;
    }, LONG);
    await eventually(async () => (await renewTime()) > jumped + leaseDurationMs + 2 * retryPeriodMs, LONG);
  }
  for (const { offsetFile } of candidates) writeFileSync(offsetFile, "0");
  expect(tenures()).toHaveLength(before.length);
  expect(runs(first)).toBe(true);
});

test("a leader that cannot reach the API server ends with an error before another leads", async () => {
  const first = await leader();
  const cut = nowMs();
  first.proxy.cut();
  expect(await ended(first)).toEqual({ code: 1, signal: null });
  const gone = nowMs() - cut;
  expect(first.output).toContain("LeadershipLostError");
  await leader(first);
  console.log(`${cluster.kind}, cut off: the process was gone after ${Math.round(gone)} ms`);
  expectNoOverlap("cut off", cut);
  expect(gone).toBeLessThan(leaseDurationMs);
});

test("a leader whose main thread is blocked keeps its lease, since a thread of its own renews it", async () => {
  const first = await leader();
  const before = acts().length;
  first.process.send({ blockMs: 2 * leaseDurationMs });
  const blocked = nowMs();
  const leaders = tenures().length;
  await eventually(() => acts().length > before + 3 && nowMs() - blocked > 2 * leaseDurationMs, {
    timeoutMs: 2 * leaseDurationMs + 60_000,
  });
  expect(tenures()).toHaveLength(leaders);
});

test("a leader whose main thread is blocked while it loses the lease is ended within the lease's time", async () => {
  const first = await leader();
  first.process.send({ blockMs: 10 * leaseDurationMs });
  const cut = nowMs();
  first.proxy.cut();
  expect(await ended(first)).toEqual({ code: null, signal: "SIGKILL" });
  const gone = nowMs() - cut;
  expect(first.output).toContain("the main thread does not react");
  await leader(first);
  console.log(`${cluster.kind}, blocked and cut off: the process was ended after ${Math.round(gone)} ms`);
  expectNoOverlap("blocked and cut off", cut);
  expect(gone).toBeLessThan(leaseDurationMs);
});

test("when the API server is away for all, nobody leads; when it is back one does", async () => {
  const first = await leader();
  const cut = nowMs();
  const leaders = tenures().length;
  for (const { proxy } of candidates) proxy.cut();
  expect(await ended(first)).toEqual({ code: 1, signal: null });
  await eventually(() => nowMs() - cut > leaseDurationMs, LONG);
  expect(tenures()).toHaveLength(leaders);
  const mended = nowMs();
  for (const { proxy } of candidates) proxy.mend();
  await leader(first);
  expectNoOverlap("API server away", mended);
  expect(tenures()).toHaveLength(leaders + 1);
});
