import { describe, expect, test, vi } from "vitest";
import { startApiServer, until } from "../../test/api-server.ts";
import { ConfigMap, Secret, secret } from "../../test/kinds.ts";
import { runController } from "../../test/running-controller.ts";
import { informers } from "../cache/index.ts";
import { connect } from "../client/index.ts";
import { FakeClock } from "../queue/index.ts";
import { controller, generationChanged, requeue, startController, TerminalError } from "./index.ts";

test("a reconcile runs for each object that is there, and again when one changes", async () => {
  await using server = await startApiServer();
  server.put("a");
  server.put("b");
  const runs: string[] = [];
  await using running = await runController(
    server,
    controller(ConfigMap).reconcile(async (object) => void runs.push(`${object.metadata.name}@${object.metadata.resourceVersion}`)),
  );
  await until(() => runs.length === 2);
  server.put("a");
  await until(() => runs.length === 3);
  expect(runs).toEqual(["a@101", "b@102", "a@103"]);
  await until(() => running.outcomes.length === 3);
  expect(running.outcomes[0]).toMatchObject({ controller: "configmap", key: { namespace: "default", name: "a" }, result: "success" });
});

test("a change of an owned object runs the reconcile of its owner, and no other", async () => {
  await using server = await startApiServer();
  server.put("a");
  server.put("b");
  const runs: string[] = [];
  await using _ = await runController(
    server,
    controller(ConfigMap)
      .owns(Secret)
      .reconcile(async (object, ctx) => {
        runs.push(object.metadata.name);
        if (object.metadata.name === "a") await ctx.apply(secret("of-a"));
      }),
  );
  await until(() => server.get("of-a", "secrets") !== undefined);
  expect(server.get("of-a", "secrets")?.metadata.ownerReferences).toEqual([
    { apiVersion: "v1", kind: "ConfigMap", name: "a", uid: "uid-1", controller: true, blockOwnerDeletion: true },
  ]);
  await until(() => runs.length >= 3);
  const before = runs.length;
  server.remove("of-a", "default", "secrets");
  await until(() => server.get("of-a", "secrets") !== undefined);
  expect(runs.slice(before).filter((name) => name === "b")).toEqual([]);
});

test("a watched object runs the reconciles that the map names, asked about now and before", async () => {
  await using server = await startApiServer();
  server.put("a");
  server.put("b");
  const runs: string[] = [];
  const map = vi.fn(
    (now: { metadata: { name: string }; data?: Readonly<Record<string, string>> }, before?: { data?: Readonly<Record<string, string>> }) =>
      [now.data?.["for"], before?.data?.["for"]].filter((name) => name !== undefined).map((name) => ({ namespace: "default", name })),
  );
  await using _ = await runController(
    server,
    controller(ConfigMap)
      .watches(Secret, map)
      .reconcile(async (object) => void runs.push(object.metadata.name)),
  );
  await until(() => runs.length === 2);
  server.put("s", { data: { for: "a" } }, "default", "secrets");
  await until(() => runs.length === 3);
  server.put("s", { data: { for: "b" } }, "default", "secrets");
  await until(() => runs.length === 5);
  expect(runs.slice(2).sort()).toEqual(["a", "a", "b"]);
});

describe("read your own writes", () => {
  test("a key waits until the cache shows what its last reconcile wrote, and the worker does not", async () => {
    await using server = await startApiServer();
    server.put("a");
    // Watch events of secrets are held back, as by a slow connection.
    const seen: { name: string; owned: number }[] = [];
    let hold = true;
    const held: (() => void)[] = [];
    server.interceptions.push(({ url }, response) => {
      if (!url.pathname.endsWith("/secrets") || !url.searchParams.has("watch")) return false;
      const write = response.write.bind(response) as (chunk: unknown) => boolean;
      let first = 2;
      response.write = ((chunk: unknown) => {
        if (first-- > 0 || !hold) return write(chunk);
        held.push(() => write(chunk));
        return true;
      }) as never;
      return false;
    });
    server.put("there-before", {}, "default", "secrets");
    await using running = await runController(
      server,
      controller(ConfigMap)
        .owns(Secret)
        .reconcile(async (object, ctx) => {
          const owned = ctx.owned(Secret).length;
          seen.push({ name: object.metadata.name, owned });
          if (object.metadata.name === "a" && owned === 0) await ctx.create(Secret, secret("of-a"));
        }),
    );
    await until(() => held.length === 1);
    server.put("a", { data: { x: "1" } });
    server.put("b");
    await until(() => seen.some(({ name }) => name === "b"));
    expect(seen.filter(({ name }) => name === "a")).toEqual([{ name: "a", owned: 0 }]);
    expect(running.controller.idle).toBe(false);
    hold = false;
    for (const release of held) release();
    await until(() => seen.filter(({ name }) => name === "a").length >= 2);
    expect(
      seen
        .filter(({ name }) => name === "a")
        .slice(1)
        .every(({ owned }) => owned === 1),
    ).toBe(true);
    await until(() => running.controller.idle);
    expect(server.objects("secrets")).toHaveLength(2);
  });

  test("never makes a second child while the first is on its way, whatever else happens", async () => {
    await using server = await startApiServer();
    for (let i = 0; i < 20; i++) server.put(`a${i}`);
    let made = 0;
    await using running = await runController(
      server,
      controller(ConfigMap, { workers: 4 })
        .owns(Secret)
        .reconcile(async (object, ctx) => {
          if (ctx.owned(Secret).length > 0) return;
          await ctx.create(Secret, secret(`${object.metadata.name}-${made++}`));
          return requeue.after(1);
        }),
    );
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 20; i++) server.put(`a${i}`, { data: { round: String(round) } });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => running.controller.idle && server.objects("secrets").length >= 20);
    expect(server.objects("secrets")).toHaveLength(20);
  });

  test("a deletion is waited for, too", async () => {
    await using server = await startApiServer();
    server.put("a");
    const deletions: string[] = [];
    await using running = await runController(
      server,
      controller(ConfigMap)
        .owns(Secret)
        .reconcile(async (_object, ctx) => {
          const owned = ctx.owned(Secret);
          if (owned.length === 0 && deletions.length === 0) await ctx.create(Secret, secret("of-a"));
          for (const one of owned) {
            deletions.push(one.metadata.uid);
            await ctx.delete(one);
          }
        }),
    );
    await until(() => deletions.length > 0 && running.controller.idle);
    expect(new Set(deletions).size).toBe(deletions.length);
  });
});

describe("cleanup", () => {
  test("adds the finalizer, runs before the object goes, and then lets it go", async () => {
    await using server = await startApiServer();
    server.put("a");
    const calls: string[] = [];
    let fail = true;
    await using running = await runController(
      server,
      controller(ConfigMap, { name: "keeper" })
        .cleanup(async (object) => {
          calls.push(`cleanup ${object.metadata.name}`);
          if (fail) throw new Error("not yet");
        })
        .reconcile(async (object) => void calls.push(`reconcile ${object.metadata.finalizers?.join()}`)),
    );
    await until(() => calls.length > 0);
    expect(calls[0]).toBe("reconcile outrigger.dev/keeper");
    expect(server.get("a")?.metadata.finalizers).toEqual(["outrigger.dev/keeper"]);
    const client = connect({ text: server.kubeconfig() });
    await client.delete(ConfigMap, { name: "a" });
    await until(() => calls.filter((call) => call === "cleanup a").length >= 2);
    expect(server.get("a")).toBeDefined();
    fail = false;
    await until(() => server.get("a") === undefined);
    expect(running.outcomes.some(({ result, error }) => result === "error" && String(error) === "Error: not yet")).toBe(true);
    expect(calls.filter((call) => call.startsWith("reconcile")).length).toBeLessThanOrEqual(2);
    await client.close();
  });
});

describe("results", () => {
  test("a reconcile that throws is tried again with growing delay; success forgets the failures", async () => {
    await using server = await startApiServer();
    server.put("a");
    let runs = 0;
    await using running = await runController(
      server,
      controller(ConfigMap).reconcile(async () => {
        if (++runs < 4) throw new Error(`run ${runs}`);
      }),
    );
    await until(() => runs === 4);
    await until(() => running.outcomes.length === 4);
    expect(running.outcomes.map(({ result }) => result)).toEqual(["error", "error", "error", "success"]);
  });

  test("a TerminalError is not tried again before the object changes", async () => {
    await using server = await startApiServer();
    server.put("a");
    let runs = 0;
    await using running = await runController(
      server,
      controller(ConfigMap).reconcile(async () => {
        runs++;
        throw new TerminalError("the spec makes no sense");
      }),
    );
    await until(() => running.outcomes.length === 1);
    expect(running.outcomes[0]).toMatchObject({ result: "terminal_error" });
    server.put("b");
    await until(() => running.outcomes.length === 2);
    expect(runs).toBe(2);
    server.put("a", { data: {} });
    await until(() => runs === 3);
  });

  test("requeue.after runs it again though nothing changed", async () => {
    await using server = await startApiServer();
    server.put("a");
    let runs = 0;
    await using running = await runController(
      server,
      controller(ConfigMap).reconcile(async () => (++runs < 3 ? requeue.after("2ms") : undefined)),
    );
    await until(() => runs === 3);
    await until(() => running.outcomes.length === 3);
    expect(running.outcomes.map(({ result, requeueAfterMs }) => [result, requeueAfterMs])).toEqual([
      ["requeue_after", 2],
      ["requeue_after", 2],
      ["success", undefined],
    ]);
  });

  test("a delay that is none fails the reconcile, which is tried again with backoff", async () => {
    for (const result of [() => requeue.after("soon"), () => ({ requeueAfter: "soon" }), () => requeue.after(Number.NaN)]) {
      await using server = await startApiServer();
      server.put("a");
      const clock = new FakeClock();
      await using running = await runController(
        server,
        controller(ConfigMap).reconcile(async () => result()),
        { clock },
      );
      for (const [tries, delayMs] of [5, 10, 20].entries()) {
        await until(() => running.outcomes.length === tries + 1 && clock.untilNext !== undefined);
        expect(running.outcomes.at(-1)).toMatchObject({ result: "error", error: { code: "ERR_DURATION" } });
        expect(clock.untilNext).toBe(delayMs);
        clock.advance(delayMs);
      }
    }
  });

  test("a deadline ends the run's signal", async () => {
    await using server = await startApiServer();
    server.put("a");
    await using running = await runController(
      server,
      controller(ConfigMap, { deadline: "10ms" }).reconcile(async (_object, ctx) => {
        await new Promise((_resolve, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
      }),
    );
    await until(() => running.outcomes.length >= 1);
    expect(String(running.outcomes[0]?.error)).toContain("took longer than 10 ms");
  });
});

test("one key is never with two workers", async () => {
  await using server = await startApiServer();
  server.put("a");
  let inside = 0;
  let most = 0;
  let runs = 0;
  await using _ = await runController(
    server,
    controller(ConfigMap, { workers: 8 }).reconcile(async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      runs++;
    }),
  );
  for (let i = 0; i < 50; i++) {
    server.put("a", { data: { i: String(i) } });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => runs > 3 && inside === 0);
  expect(most).toBe(1);
});

test("status is applied through the subresource, and only when it differs", async () => {
  await using server = await startApiServer();
  server.put("a");
  let runs = 0;
  await using running = await runController(
    server,
    controller(ConfigMap).reconcile(async (_object, ctx) => {
      runs++;
      await ctx.status({ count: 1 });
    }),
  );
  await until(() => runs >= 2 && running.controller.idle);
  expect(server.get("a")?.["status"]).toEqual({ count: 1 });
  expect(server.requestsOf("PATCH").map(({ url }) => `${url.pathname}${url.search}`)).toEqual([
    "/api/v1/namespaces/default/configmaps/a/status?fieldManager=configmap&force=true",
  ]);
});

test("a predicate keeps events away; deletion passes the generation predicate", async () => {
  await using server = await startApiServer();
  server.put("a", { metadata: { generation: 1, finalizers: ["x"] } });
  const runs: (string | undefined)[] = [];
  await using _ = await runController(
    server,
    controller(ConfigMap, { predicate: generationChanged }).reconcile(
      async ({ metadata }) => void runs.push(`${metadata.generation}${metadata.deletionTimestamp ? " deleted" : ""}`),
    ),
  );
  await until(() => runs.length === 1);
  server.put("a", { metadata: { generation: 1, finalizers: ["x"], labels: { a: "b" } } });
  server.put("a", { metadata: { generation: 2, finalizers: ["x"] } });
  await until(() => runs.length === 2);
  server.put("a", { metadata: { generation: 2, finalizers: ["x"], deletionTimestamp: "2024-01-01T00:00:01Z" } });
  await until(() => runs.length === 3);
  expect(runs).toEqual(["1", "2", "2 deleted"]);
});

test("a kind that was not declared cannot be read, and the error says what to do", async () => {
  await using server = await startApiServer();
  server.put("a");
  await using running = await runController(
    server,
    controller(ConfigMap).reconcile(async (_object, ctx) => {
      ctx.list(Secret as never);
    }),
  );
  await until(() => running.outcomes.length >= 1);
  expect(running.outcomes[0]?.error).toMatchObject({
    code: "ERR_UNDECLARED_KIND",
    message: expect.stringContaining("did not declare Secret"),
  });
});

test("a kind that is not owned cannot be asked for by its owner, and the error says what to do", async () => {
  await using server = await startApiServer();
  server.put("a");
  await using running = await runController(
    server,
    controller(ConfigMap)
      .uses(Secret)
      .reconcile(async (_object, ctx) => {
        ctx.owned(Secret as never);
      }),
  );
  await until(() => running.outcomes.length >= 1);
  expect(running.outcomes[0]?.error).toMatchObject({
    code: "ERR_UNDECLARED_KIND",
    message: expect.stringContaining("does not own Secret: declare it by .owns()"),
  });
});

test("a kind that owns its like is read as its own selection says", async () => {
  await using server = await startApiServer();
  const owner = {
    apiVersion: "v1",
    kind: "ConfigMap",
    name: "a",
    uid: server.put("a", { metadata: { labels: { app: "x" } } }).metadata.uid,
  };
  server.put("b", { metadata: { labels: { app: "x" }, ownerReferences: [{ ...owner, controller: true }] } });
  const owned = new Map<string, readonly string[]>();
  await using _ = await runController(
    server,
    controller(ConfigMap, { select: { labelSelector: "app" } })
      .owns(ConfigMap)
      .reconcile(async ({ metadata }, ctx) => {
        owned.set(
          metadata.name,
          ctx.owned(ConfigMap).map((one) => one.metadata.name),
        );
      }),
  );
  await until(() => owned.size === 2);
  expect(Object.fromEntries(owned)).toEqual({ a: ["b"], b: [] });
});

describe("a controller of metadata alone", () => {
  test("is shown no more of the main kind, from the first run on, and keeps the rest as it is", async () => {
    await using server = await startApiServer();
    server.put("a", { data: { x: "1" } });
    const shown: string[][] = [];
    await using _ = await runController(
      server,
      controller(ConfigMap, { select: { metadataOnly: true } })
        .cleanup(async (object, ctx) => {
          shown.push(Object.keys(object));
          await ctx.status({ count: 1 });
        })
        .reconcile(async (object, ctx) => {
          shown.push(Object.keys(object));
          if (shown.length > 1) return;
          await ctx.patch(ConfigMap, ctx.key, { type: "merge", patch: { metadata: { labels: { seen: "yes" } } } });
        }),
    );
    await until(() => shown.length >= 2);
    expect(server.requestsOf("GET", true)[0]?.headers.accept).toContain("as=PartialObjectMetadata;");
    expect(server.get("a")).toMatchObject({ data: { x: "1" }, metadata: { labels: { seen: "yes" }, finalizers: [expect.any(String)] } });
    const client = connect({ text: server.kubeconfig() });
    await client.delete(ConfigMap, { name: "a" });
    await until(() => server.get("a") === undefined);
    expect(new Set(shown.flat())).toEqual(new Set(["apiVersion", "kind", "metadata"]));
    await client.close();
  });

  test("cannot by mistake replace an object by what it sees of it", async () => {
    await using server = await startApiServer();
    server.put("a", { data: { x: "1" } });
    await using running = await runController(
      server,
      controller(ConfigMap, { select: { metadataOnly: true } }).reconcile(async (object, ctx) => {
        await ctx.update(ConfigMap, object as never);
      }),
    );
    await until(() => running.outcomes.length >= 1);
    expect(String(running.outcomes[0]?.error)).toContain("watched with metadataOnly");
    expect(server.get("a")?.["data"]).toEqual({ x: "1" });
  });
});

test("caches that do not sync in time are an error that names them", async () => {
  await using server = await startApiServer();
  server.put("a");
  server.interceptions.push(({ url }) => url.pathname.endsWith("/secrets"));
  const client = connect({ text: server.kubeconfig() });
  const all = informers(client, { onError: () => {} });
  const clock = new FakeClock();
  let told = false;
  const predicate = (): boolean => {
    told = true;
    return true;
  };
  const running = startController(
    controller(ConfigMap, { syncTimeout: "50s", predicate })
      .uses(Secret)
      .reconcile(async () => {}),
    { client, informers: all, clock },
  );
  all.start();
  // The one kind is there in time.
  await until(() => told);
  clock.advance(50_000);
  await expect(running.ready).rejects.toMatchObject({
    code: "ERR_CACHE_SYNC",
    message: expect.stringMatching(/the caches of secrets did not sync in 50 s/),
  });
  await running.stop();
  await all.stop();
  await client.close();
});

test("stop aborts what runs, waits for it, and ends the stream of results", async () => {
  await using server = await startApiServer();
  server.put("a");
  let ended = false;
  const running = await runController(
    server,
    controller(ConfigMap).reconcile(async (_object, ctx) => {
      await new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => setImmediate(resolve)));
      ended = true;
    }),
  );
  await until(() => !running.controller.idle);
  await running[Symbol.asyncDispose]();
  expect(ended).toBe(true);
});
