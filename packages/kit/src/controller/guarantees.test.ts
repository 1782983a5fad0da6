import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refuse, startApiServer, until } from "../../test/api-server.ts";
import { ConfigMap, Secret, secret } from "../../test/kinds.ts";
import { runController } from "../../test/running-controller.ts";
import { informers } from "../cache/index.ts";
import { connect } from "../client/index.ts";
import { FakeClock } from "../queue/index.ts";
import { controller, type Log, requeue, startController, TerminalError } from "./index.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("one reconcile of a key at a time", () => {
  type Step = readonly [name: "a" | "b" | "c", what: "put" | "enqueue" | "remove" | "wait"];
  const steps = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.constantFrom("put", "enqueue", "remove", "wait")), {
    minLength: 5,
    maxLength: 40,
  });
  const ends = fc.array(fc.constantFrom("ok", "throw", "terminal", "requeue", "write"), { minLength: 1, maxLength: 10 });

  test("whatever changes, however reconciles end, and with however many workers; and the last state is always seen", async () => {
    await using server = await startApiServer();
    await fc.assert(
      fc.asyncProperty(steps, ends, fc.integer({ min: 1, max: 8 }), async (history, how, workers) => {
        for (const plural of ["configmaps", "secrets"])
          for (const { metadata } of server.objects(plural)) server.remove(metadata.name!, "default", plural);
        const inside = new Set<string>();
        const seen = new Map<string, string>();
        let together = 0;
        let runs = 0;
        const one = controller(ConfigMap, { workers })
          .owns(Secret)
          .reconcile(async ({ metadata }, ctx) => {
            const { name } = metadata;
            expect(inside).not.toContain(name);
            inside.add(name);
            together = Math.max(together, inside.size);
            seen.set(name, metadata.resourceVersion);
            const end = how[runs++ % how.length];
            await turn();
            try {
              // In the end each object comes to rest.
              if (runs > 200) return;
              if (end === "write")
                await ctx.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: `of-${name}` }, data: { runs: `${runs}` } });
              if (end === "throw") throw new Error("again");
              if (end === "terminal") throw new TerminalError("never again");
              if (end === "requeue" && runs < 100) return requeue.after(1);
              return;
            } finally {
              inside.delete(name);
            }
          });
        await using running = await runController(server, one);
        for (const [name, what] of history as readonly Step[]) {
          if (what === "put") server.put(name, { data: { at: server.version } });
          if (what === "enqueue") running.controller.enqueue({ namespace: "default", name });
          if (what === "remove") server.remove(name);
          if (what === "wait") await turn();
        }
        const last = ["a", "b", "c"].flatMap((name) => server.get(name) ?? []);
        await until(() => last.every(({ metadata }) => seen.get(metadata.name!) === metadata.resourceVersion));
        expect(together).toBeLessThanOrEqual(workers);
        for (const { error } of running.outcomes) expect((error as Error | undefined)?.name).not.toBe("AssertionError");
      }),
      { numRuns: 40 },
    );
  });
});

describe("time", () => {
  test("a reconcile that throws is tried after 5, 10, 20, … milliseconds, and after a success from 5 again", async () => {
    await using server = await startApiServer();
    server.put("a");
    const clock = new FakeClock();
    const at: number[] = [];
    let fail = true;
    await using running = await runController(
      server,
      controller(ConfigMap).reconcile(async () => {
        at.push(clock.now());
        if (fail) throw new Error("not yet");
      }),
      { clock },
    );
    const run = async (count: number): Promise<void> => {
      await until(async () => {
        if (at.length < count && running.controller.idle) clock.advance(1);
        return at.length >= count && running.outcomes.length === at.length;
      });
    };
    await run(6);
    expect(at.slice(1).map((time, index) => time - at[index]!)).toEqual([5, 10, 20, 40, 80]);
    fail = false;
    await run(7);
    fail = true;
    server.put("a", { data: { next: "yes" } });
    await run(9);
    expect(at[8]! - at[7]!).toBe(5);
  });

  test("requeue.after forgets the failures, then delays; a change does not wait for it", async () => {
    await using server = await startApiServer();
    server.put("a");
    const clock = new FakeClock();
    let runs = 0;
    await using running = await runController(
      server,
      controller(ConfigMap).reconcile(async () => (++runs === 1 ? Promise.reject(new Error("once")) : requeue.after("5m"))),
      { clock },
    );
    await until(() => running.outcomes.length === 1);
    clock.advance(5);
    await until(() => running.outcomes.length === 2);
    expect(running.outcomes[1]).toMatchObject({ result: "requeue_after", requeueAfterMs: 300_000 });
    clock.advance(299_999);
    await turn();
    expect(runs).toBe(2);
    clock.advance(1);
    await until(() => runs === 3);
    server.put("a", { data: {} });
    await until(() => runs === 4);
  });

  test("the deadline and the time to sync are the clock's: 2 minutes unless told otherwise", async () => {
    await using server = await startApiServer();
    server.put("a");
    const clock = new FakeClock();
    await using running = await runController(
      server,
      controller(ConfigMap, { deadline: "30s" }).reconcile(async (_object, { signal }) => {
        await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      }),
      { clock },
    );
    await until(() => clock.pending === 1 && !running.controller.idle);
    clock.advance(30_000);
    await until(() => running.outcomes.length === 1);
    expect(running.outcomes[0]?.error).toMatchObject({ name: "TimeoutError" });

    const client = connect({ text: server.kubeconfig() });
    const slow = new FakeClock();
    const never = startController(
      controller(ConfigMap)
        .uses(Secret)
        .reconcile(async () => {}),
      { client, informers: informers(client), clock: slow },
    );
    slow.advance(119_999);
    await turn();
    slow.advance(1);
    await expect(never.ready).rejects.toMatchObject({ code: "ERR_CACHE_SYNC", message: expect.stringContaining("in 120 s") });
    await never.stop();
    await client.close();
  });
});

test("a write outside of a field selector is not waited for", async () => {
  await using server = await startApiServer();
  server.put("a");
  // The server's part in selecting: what it sends for the selector is none of the secrets.
  server.interceptions.push(({ url }) => {
    if (url.searchParams.get("fieldSelector") === "type=Opaque") url.pathname = url.pathname.replace("secrets", "leases");
    return false;
  });
  let runs = 0;
  await using running = await runController(
    server,
    controller(ConfigMap)
      .owns(Secret, { select: { fieldSelector: "type=Opaque" } })
      .reconcile(async (_object, ctx) => {
        await ctx.apply({ ...secret("tls", { run: `${++runs}` }), type: "kubernetes.io/tls" } as never);
      }),
    { clock: new FakeClock() },
  );
  await until(() => running.outcomes.length === 1);
  running.controller.enqueue({ namespace: "default", name: "a" });
  await until(() => running.outcomes.length === 2);
  expect(server.get("tls", "secrets")?.["data"]).toEqual({ run: "2" });
});

describe("each reconcile", () => {
  test("has an id that its log lines and its result carry, with the key", async () => {
    await using server = await startApiServer();
    server.put("a");
    const lines: object[] = [];
    const log = (fields: object): Log => {
      const write = (more: object) => lines.push({ ...fields, ...more });
      return { debug: write, info: write, warn: write, error: write, child: (more) => log({ ...fields, ...more }) };
    };
    await using running = await runController(
      server,
      controller(ConfigMap, { name: "talker" }).reconcile(async (_object, ctx) => {
        ctx.log.info({ hello: ctx.reconcileId }, "hello");
      }),
      { log: log({}) },
    );
    server.put("b");
    await until(() => running.outcomes.length === 2);
    const [first, second] = running.outcomes;
    expect(first!.reconcileId).not.toBe(second!.reconcileId);
    expect(lines).toEqual(
      running.outcomes.map(({ key, reconcileId }) => ({ controller: "talker", ...key, reconcileId, hello: reconcileId })),
    );
  });

  test("may throw anything, at once or later: it is caught, counted, and the worker goes on", async () => {
    await using server = await startApiServer();
    for (const name of ["text", "nothing", "at-once", "fine"]) server.put(name);
    const counted: string[] = [];
    await using running = await runController(
      server,
      controller(ConfigMap, { name: "thrower" }).reconcile((({ metadata }: { metadata: { name: string } }) => {
        if (metadata.name === "at-once") throw new Error("before any promise");
        return metadata.name === "fine" ? Promise.resolve() : Promise.reject(metadata.name === "text" ? "a text" : undefined);
      }) as never),
      {
        metrics: {
          started: () => {},
          activeWorkers: () => {},
          queue: () => ({}),
          reconciled: (_controller, result) => counted.push(result),
        },
      },
    );
    await until(() => ["text", "nothing", "at-once", "fine"].every((name) => running.outcomes.some(({ key }) => key.name === name)));
    const results = new Map(running.outcomes.map(({ key, result }) => [key.name, result]));
    expect(Object.fromEntries(results)).toEqual({ text: "error", nothing: "error", "at-once": "error", fine: "success" });
    expect(counted.filter((result) => result === "error").length).toBeGreaterThanOrEqual(3);
  });
});

test("several readers of the results get each one, from their call on, until the controller stops", async () => {
  await using server = await startApiServer();
  const running = await runController(
    server,
    controller(ConfigMap).reconcile(async () => {}),
  );
  const read = async (results: AsyncIterable<{ readonly key: { readonly name: string } }>): Promise<string[]> => {
    const names: string[] = [];
    for await (const { key } of results) names.push(key.name);
    return names;
  };
  const first = read(running.controller.results());
  server.put("a");
  await until(() => running.outcomes.length === 1);
  const second = read(running.controller.results());
  server.put("b");
  await until(() => running.outcomes.length === 2);
  await running[Symbol.asyncDispose]();
  expect([await first, await second]).toEqual([["a", "b"], ["b"]]);
});

test("apply with prune deletes what is owned and no longer wanted, and nothing else", async () => {
  await using server = await startApiServer();
  server.put("owner", { data: { names: "x,y" } });
  server.put("foreign", {}, "default", "secrets");
  await using running = await runController(
    server,
    controller(ConfigMap)
      .owns(Secret)
      .reconcile(async ({ data }, ctx) => {
        const names = data?.["names"]?.split(",").filter((name) => name !== "") ?? [];
        await ctx.apply(
          names.map((name) => ({ apiVersion: "v1" as const, kind: "Secret" as const, metadata: { name } })),
          { prune: [Secret] },
        );
      }),
  );
  const secrets = (): string[] =>
    server
      .objects("secrets")
      .map(({ metadata }) => metadata.name!)
      .sort();
  await until(() => secrets().join() === "foreign,x,y");
  await until(() => running.controller.idle);
  server.put("owner", { data: { names: "y,z" } });
  await until(() => secrets().join() === "foreign,y,z");
  await until(() => running.controller.idle);
  server.put("owner", { data: { names: "" } });
  await until(() => secrets().join() === "foreign");
});

test("the status of an object that went meanwhile is nobody's error", async () => {
  await using server = await startApiServer();
  server.put("a");
  await using running = await runController(
    server,
    controller(ConfigMap).reconcile(async (_object, ctx) => {
      server.remove("a");
      server.interceptions.push(({ url }, response) => {
        if (!url.pathname.endsWith("/status")) return false;
        refuse(response, 404, "NotFound", 'configmaps "a" not found', {}, { name: "a", kind: "configmaps" });
        return true;
      });
      await ctx.status({ count: 1 });
    }),
  );
  await until(() => running.outcomes.length === 1);
  expect(running.outcomes[0]).toMatchObject({ result: "success" });
});
