import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { eventually } from "@outrigger/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LogFolder, type PodRecord } from "../packages/operator/src/logs/log-folder.ts";
import { bucketSource } from "../packages/operator/src/logs/log-source.ts";
import { readBack } from "../packages/operator/src/logs/read-back.ts";
import { RunFile } from "../packages/operator/src/logs/run-file.ts";
import { Shipper } from "../packages/operator/src/logs/shipper.ts";
import { Bucket, type BucketOptions, S3Error } from "../packages/operator/src/s3/index.ts";
import { KEYS, type ObjectStore, startObjectStore } from "./object-store.ts";

// The archive's bucket against a real S3 server; real containers are in pod-logs-bucket.test.ts.
const root = mkdtempSync(join(tmpdir(), "outrigger-bucket-"));
let store: ObjectStore;
beforeAll(async () => {
  store = await startObjectStore({ folder: join(root, "store") });
});
afterAll(async () => {
  await store?.stop();
  rmSync(root, { recursive: true, force: true });
});

const options = (more: Partial<BucketOptions> = {}): BucketOptions => ({
  endpoint: store.endpoint,
  region: "us-east-1",
  bucket: "logs",
  addressing: "Path",
  credentials: KEYS,
  ...more,
});
async function failure(more: Partial<BucketOptions>): Promise<S3Error> {
  const bucket = new Bucket(options(more));
  const error = await bucket
    .list("x")
    .next()
    .catch((reason: unknown) => reason);
  bucket.close();
  expect(error).toBeInstanceOf(S3Error);
  return error as S3Error;
}

describe("a bucket", () => {
  test("keeps objects under any key, lists them over several pages and by folders, and deletes them", async () => {
    const bucket = new Bucket(options());
    const keys = ["a/b c.gz", "a/ü&<>'\"()*!.gz", ...Array.from({ length: 1001 }, (_, index) => `many/${index}`)];
    await Promise.all(keys.map((key) => bucket.put(key, Buffer.from(key), "text/plain")));
    expect((await bucket.get(keys[1]!))?.toString()).toBe(keys[1]);
    expect(await bucket.get("a/none")).toBeUndefined();
    const listed: string[] = [];
    for await (const { objects } of bucket.list("")) listed.push(...objects.map(({ key }) => key));
    expect(listed.sort()).toEqual([...keys].sort());
    const folders: string[] = [];
    for await (const { prefixes } of bucket.list("", "/")) folders.push(...prefixes);
    expect(folders).toEqual(["a/", "many/"]);
    for (const key of [...keys.slice(0, 2), "a/none"]) await bucket.delete(key);
    expect(await bucket.get(keys[0]!)).toBeUndefined();
    bucket.close();
  });

  test("says what to do about a wrong key, a bucket that is not there and a store that does not answer", async () => {
    const wrong = await failure({ credentials: { ...KEYS, accessKeyId: "NOBODY" } });
    expect(wrong).toMatchObject({ problem: "Refused", message: expect.stringContaining("correct accessKeyId in the Secret") });
    expect((await failure({ bucket: "other" })).message).toContain("make the bucket, or correct spec.s3.bucket");
    const refused = await failure({ endpoint: "http://127.0.0.1:1" });
    expect(refused).toMatchObject({ problem: "Unreachable", message: expect.stringContaining("ECONNREFUSED") });
    const silent = await listening(() => {});
    const unanswered = await failure({ endpoint: silent.endpoint, timeoutMs: 200 });
    expect(unanswered).toMatchObject({ problem: "Unreachable", message: expect.stringContaining("no answer within 0.2 s") });
    silent.server.close();
  });

  test("is reached by TLS with the store's own authority and by the name of its own", async () => {
    const authority = createCa({ commonName: "store authority" });
    const dnsNames = ["s3.store.test", "logs.s3.store.test"];
    const { certificate, key } = issueCertificate(authority, {
      commonName: "store",
      dnsNames,
      ipAddresses: ["127.0.0.1"],
      usages: ["server auth"],
    });
    const secure = await startObjectStore({ folder: join(root, "tls"), tls: { key, cert: certificate }, serviceEndpoint: "store.test" });
    try {
      expect((await failure({ endpoint: secure.endpoint })).message).toMatch(/certificate/i);
      const { port } = new URL(secure.endpoint);
      for (const [addressing, endpoint] of [
        ["Path", `https://s3.store.test:${port}`],
        ["VirtualHost", `https://s3.store.test:${port}`],
      ] as const) {
        const bucket = new Bucket(
          options({
            endpoint,
            addressing,
            ca: authority.certificate,
            lookup: (_, how, done) => done(null, how.all ? [{ address: "127.0.0.1", family: 4 }] : ("127.0.0.1" as never), 4),
          }),
        );
        await bucket.put(`by/${addressing}`, Buffer.from("x"), "text/plain");
        expect((await bucket.get(`by/${addressing}`))?.toString()).toBe("x");
        bucket.close();
      }
    } finally {
      await secure.stop();
    }
  });
});

/** A container's log as its kubelet has it, and a manager whose spool may be lost. */
interface World {
  readonly pod: PodRecord;
  /** Lines 1 to `written`, of which the kubelet has those from `first` on. */
  written: number;
  first: number;
  spool: LogFolder;
}
const line = (number: number) => ({
  time: `2026-01-01T00:${String(Math.floor(number / 60)).padStart(2, "0")}:${String(number % 60).padStart(2, "0")}.000000000Z`,
  text: `line ${number}`,
});

/** What the follower does: goes on behind the spool's last line, and records what the kubelet has rotated away. */
async function follow({ pod, written, first, spool }: World, isOver: boolean): Promise<void> {
  await spool.write({ ...pod, ...(isOver ? { finishedAt: "2026-01-02T00:00:00Z" } : {}) });
  const file = await RunFile.open(join(spool.pathOf(pod), "main.0"), { container: "main", restart: 0, containerID: "c0" });
  if (file.record.complete) return;
  const last = Number((await file.all()).at(-1)?.text.slice(5) ?? 0);
  if (last > 0 && first > last + 1) await file.addGap({ from: line(last).time, to: line(first).time, reason: "Rotated" });
  const from = Math.max(first, last + 1);
  await file.append(Array.from({ length: Math.max(0, written - from + 1) }, (_, index) => line(from + index)));
  if (isOver) await file.complete({ verified: true });
  else await file.close();
}
const shipper = (spool: LogFolder, prefix: string, isPresent = true): Shipper =>
  new Shipper({
    archive: "all",
    bucket: new Bucket(options({ timeoutMs: 5000 })),
    prefix,
    spool,
    maximumBytes: 1 << 24,
    isPresent: () => isPresent,
    everyMs: 0,
  });

test("lines come once and in order, and what is missing is exactly a gap, whatever restarts, is lost or does not answer", {
  timeout: 240_000,
}, async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), lines: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("follow" as const), lines: fc.constant(0) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("ship" as const), lines: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("spool-lost" as const), lines: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("store-down" as const), lines: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("rotate" as const), lines: fc.integer({ min: 1, max: 60 }) }) },
  );
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const prefix = `run-${number++}/`;
      const fresh = (): LogFolder => new LogFolder(mkdtempSync(join(root, "spool-")));
      const pod: PodRecord = { namespace: "default", name: "a", uid: "u", labels: {}, archive: "all", missed: [] };
      const world: World = { pod, written: 0, first: 1, spool: fresh() };
      let isDown = false;
      for (const { kind, lines } of steps) {
        if (kind === "write") world.written += lines;
        if (kind === "rotate") world.first = Math.min(world.first + lines, Math.max(1, world.written));
        if (kind === "follow") await follow(world, false);
        if (kind === "ship") await shipper(world.spool, prefix).stop(isDown ? 100 : 20_000);
        if (kind === "spool-lost") world.spool = fresh();
        if (kind === "store-down") {
          await (isDown ? store.start() : store.stop());
          isDown = !isDown;
        }
      }
      if (isDown) await store.start();
      await follow(world, true);
      await shipper(world.spool, prefix).stop(20_000);
      const bucket = new Bucket(options());
      const [stored] = await bucketSource(bucket, prefix, "bucket").pods("default", "a");
      const [run] = await stored!.runs();
      const numbers = (await run!.lines()).map(({ text }) => Number(text.slice(5)));
      bucket.close();
      expect(run!.record).toMatchObject({ complete: true, lines: numbers.length });
      expect(numbers.at(-1) ?? world.first - 1).toBe(world.written);
      const gaps = numbers.flatMap((value, index) =>
        index > 0 && value !== numbers[index - 1]! + 1
          ? [{ from: line(numbers[index - 1]!).time, to: line(value).time, reason: "Rotated" }]
          : [],
      );
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(run!.record.gaps).toEqual(gaps);
    }),
    { numRuns: 40, seed: 14 },
  );
});

test("a long log goes into few objects, and those that are replaced are deleted", async () => {
  const spool = new LogFolder(mkdtempSync(join(root, "spool-")));
  const pod: PodRecord = { namespace: "default", name: "long", uid: "u", labels: {}, archive: "all", missed: [] };
  await spool.write(pod);
  const file = await RunFile.open(join(spool.pathOf(pod), "main.0"), { container: "main", restart: 0, containerID: "c0" });
  for (let round = 0; round < 8; round++) {
    await file.append(Array.from({ length: 400 }, (_, index) => ({ ...line(round), text: `${index} ${"x".repeat(1000)}` })));
    await shipper(spool, "long/").stop(20_000);
  }
  const bucket = new Bucket(options());
  const keys: string[] = [];
  for await (const { objects } of bucket.list("long/")) keys.push(...objects.map(({ key }) => key.slice("long/default/long_u/".length)));
  // 3.3 MB in objects of at most 1 MiB, and the manifest.
  expect(keys.filter((key) => key.startsWith("main.0/"))).toHaveLength(4);
  expect(keys).toHaveLength(5);
  bucket.close();
});

test("a pod that went while no manager ran is ended with a gap, retention removes what has finished, and its objects are gone", async () => {
  const spool = new LogFolder(mkdtempSync(join(root, "spool-")));
  const pod = (name: string): PodRecord => ({ namespace: "default", name, uid: `u-${name}`, labels: {}, archive: "all", missed: [] });
  for (const name of ["gone", "runs"]) await follow({ pod: pod(name), written: 3, first: 1, spool }, false);
  await shipper(spool, "kept/").stop(20_000);
  const isPresent = (uid: string): boolean => uid === "u-runs";
  const later = new Shipper({
    ...{ archive: "all", bucket: new Bucket(options()), prefix: "kept/", maximumBytes: 1 << 24, isPresent },
    spool: new LogFolder(mkdtempSync(join(root, "spool-"))),
  });
  const bucket = new Bucket(options());
  const said = async (name: string): Promise<string[]> => {
    const lines: string[] = [];
    for await (const one of readBack([bucketSource(bucket, "kept/", "bucket")], { namespace: "default", target: `pod/${name}` }))
      lines.push(one);
    return lines;
  };
  await eventually(async () =>
    expect(await said("gone")).toEqual([
      "==> pod gone",
      "--- container main, run 1: its end is not known",
      ...["line 1", "line 2", "line 3"],
      `--- lines may be missing after ${line(3).time}: the log was gone before its end was read`,
    ]),
  );
  expect((await said("runs"))[0]).toBe("==> pod runs, still followed");
  const kept = { seconds: 3600, maxBytes: 1 << 20 };
  expect(await later.retain(kept, Date.now())).toMatchObject({ pods: 2, gaps: 1, removed: 0 });
  expect(await later.retain(kept, Date.now() + 7_200_000)).toMatchObject({ pods: 1, gaps: 0, removed: 1 });
  const keys: string[] = [];
  for await (const { objects } of bucket.list("kept/")) keys.push(...objects.map(({ key }) => key));
  expect(
    keys.every((key) => key.startsWith("kept/default/runs_")),
    keys.join(" "),
  ).toBe(true);
  await later.stop(0);
  bucket.close();
});

test("what waits for the bucket is limited: then lines wait at the kubelet", () => {
  const spool = new LogFolder(join(root, "full"), 100);
  spool.admit(60);
  expect(() => spool.admit(60)).toThrow(/has 60 bytes that wait for the bucket, and may have 100/);
});

async function listening(onConnection: (socket: Socket) => void): Promise<{ server: Server; endpoint: string }> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}
