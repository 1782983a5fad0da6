import { describe, expect, test } from "vitest";
import { type ApiServer, startApiServer, until } from "../../test/api-server.ts";
import { ConfigMap, Secret, secret } from "../../test/kinds.ts";
import { runController, type TestController } from "../../test/running-controller.ts";
import { FakeClock } from "../queue/index.ts";
import { controller, TerminalError } from "./index.ts";

const FINALIZER = "outrigger.dev/keeper";
const deletionTimestamp = "2024-01-01T00:00:01Z";
const keeper = () => controller(ConfigMap, { name: "keeper" });
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** An object that is being deleted, and has the finalizer. */
function terminating(server: ApiServer, more: object = {}): void {
  server.put("a", { metadata: { finalizers: [FINALIZER], deletionTimestamp, generation: 2, ...more } });
}
/** Somebody else writes the object. */
function write(server: ApiServer, fields: object, metadata: object = {}): void {
  const before = server.get("a")!;
  server.put("a", { ...before, ...fields, metadata: { ...before.metadata, ...metadata } });
}
const failed = (running: TestController): readonly unknown[] => running.outcomes.flatMap(({ error }) => error ?? []);

describe("an object is let go after one cleanup,", () => {
  test("though it wrote the status of the object", async () => {
    await using server = await startApiServer();
    terminating(server);
    let cleanups = 0;
    await using running = await runController(
      server,
      keeper()
        .cleanup(async (_object, ctx) => ctx.status({ count: ++cleanups }))
        .reconcile(async () => {}),
    );
    await until(() => server.get("a") === undefined && running.controller.idle);
    expect([cleanups, failed(running)]).toEqual([1, []]);
  });

  test("though it updated and patched the object", async () => {
    await using server = await startApiServer();
    terminating(server);
    // As the real one does when the spec changes.
    server.interceptions.push(({ method, body }) => {
      if (["PUT", "PATCH"].includes(method) && body.includes('"data"')) Object.assign(server.get("a")!.metadata, { generation: 3 });
      return false;
    });
    let cleanups = 0;
    await using running = await runController(
      server,
      keeper()
        .cleanup(async ({ metadata: { resourceVersion: _, generation: __, ...metadata }, ...object }, ctx) => {
          cleanups++;
          await ctx.update(ConfigMap, { ...object, metadata, data: { draining: "yes" } } as never);
          await ctx.patch(ConfigMap, ctx.key, { type: "merge", patch: { data: { draining: "done" } } });
        })
        .reconcile(async () => {}),
    );
    await until(() => server.get("a") === undefined && running.controller.idle);
    expect([cleanups, failed(running)]).toEqual([1, []]);
  });

  test("though others wrote its status, or took off a finalizer of theirs, meanwhile", async () => {
    await using server = await startApiServer();
    terminating(server, { finalizers: ["example.com/other", FINALIZER] });
    let cleanups = 0;
    await using running = await runController(
      server,
      keeper()
        .cleanup(async () => {
          cleanups++;
          write(server, { status: { count: 7 } }, { finalizers: [FINALIZER, "example.com/new"] });
        })
        .reconcile(async () => {}),
    );
    await until(() => server.get("a")?.metadata.finalizers?.includes(FINALIZER) === false && running.controller.idle);
    expect(server.get("a")).toMatchObject({ metadata: { finalizers: ["example.com/new"] }, status: { count: 7 } });
    expect([cleanups, failed(running)]).toEqual([1, []]);
  });

  test("though others took off the finalizer, or it went altogether, meanwhile", async () => {
    await using server = await startApiServer();
    for (const change of [() => write(server, {}, { finalizers: ["example.com/other"] }), () => server.remove("a")]) {
      terminating(server);
      let cleanups = 0;
      await using running = await runController(
        server,
        keeper()
          .cleanup(async () => {
            cleanups++;
            change();
          })
          .reconcile(async () => {}),
      );
      await until(() => running.outcomes.length > 0 && running.controller.idle);
      expect([cleanups, failed(running)]).toEqual([1, []]);
      server.remove("a");
    }
  });
});

test("an object that another has taken the name of keeps its finalizer", async () => {
  await using server = await startApiServer();
  terminating(server);
  await using running = await runController(
    server,
    keeper()
      .cleanup(async (_object, ctx) => {
        server.remove("a");
        server.put("a", { metadata: { finalizers: [FINALIZER] } });
        await ctx.status({ count: 1 });
      })
      .reconcile(async () => {}),
  );
  await until(() => running.outcomes.length >= 2 && running.controller.idle);
  expect(server.get("a")?.metadata.finalizers).toEqual([FINALIZER]);
  expect(failed(running)).toEqual([]);
});

test("a spec that changes during the cleanup is cleaned up as well", async () => {
  await using server = await startApiServer();
  terminating(server);
  write(server, { data: { bucket: "one" } });
  const cleaned: (string | undefined)[] = [];
  await using running = await runController(
    server,
    keeper()
      .cleanup(async ({ data }, ctx) => {
        cleaned.push(data?.["bucket"]);
        if (cleaned.length === 1) write(server, { data: { bucket: "two" } }, { generation: 3 });
        // The answer shows the new generation, which this cleanup does not know of.
        await ctx.status({ count: cleaned.length });
      })
      .reconcile(async () => {}),
  );
  await until(() => server.get("a") === undefined && running.controller.idle);
  expect(cleaned).toEqual(["one", "two"]);
  expect(String(failed(running)[0])).toContain("changed during its cleanup");
});

describe("a cleanup that fails is tried again when its backoff says:", () => {
  test("its own writes do not make it run at once, others' do", async () => {
    await using server = await startApiServer();
    terminating(server);
    const clock = new FakeClock();
    let cleanups = 0;
    await using running = await runController(
      server,
      keeper()
        .owns(Secret)
        .cleanup(async (_object, ctx) => {
          await ctx.status({ count: ++cleanups });
          await ctx.apply(secret("report", { tries: `${cleanups}` }));
          throw new Error("not yet");
        })
        .reconcile(async () => {}),
      { clock },
    );
    /** Everything that the server told so far has been heard: it comes after it. */
    const heard = async (name: string): Promise<void> => {
      server.put(name);
      await until(() => running.outcomes.some(({ key }) => key.name === name));
    };
    await until(() => running.outcomes.length === 1);
    await heard("b");
    await heard("c");
    expect(cleanups).toBe(1);
    clock.advance(4);
    await heard("d");
    expect(cleanups).toBe(1);
    clock.advance(1);
    await until(() => cleanups === 2 && running.controller.idle);
    write(server, { status: { count: 100 } });
    await until(() => cleanups === 3);
  });

  test("what others write while it runs is not lost among its own writes", async () => {
    await using server = await startApiServer();
    terminating(server);
    let cleanups = 0;
    await using _ = await runController(
      server,
      keeper()
        .cleanup(async (_object, ctx) => {
          await ctx.status({ count: ++cleanups });
          if (cleanups === 1) {
            const { resourceVersion } = server.put("a", { ...server.get("a"), data: { x: "1" } }).metadata;
            await until(() => ctx.get(ConfigMap, ctx.key)?.metadata.resourceVersion === resourceVersion);
            for (let i = 0; i < 3; i++) await turn();
          }
          throw new TerminalError("only a change helps");
        })
        .reconcile(async () => {}),
      { clock: new FakeClock() },
    );
    await until(() => cleanups === 2);
  });

  test.each(["apply", "patch", "update", "status"] as const)(
    "what others write while it runs is not lost when its own %s changes nothing",
    async (how) => {
      await using server = await startApiServer();
      terminating(server);
      let cleanups = 0;
      await using running = await runController(
        server,
        keeper()
          .owns(Secret)
          .cleanup(async ({ metadata: { resourceVersion: _, ...metadata }, ...object }, ctx) => {
            if (++cleanups === 1) await ctx.apply(secret("report", { done: "yes" }));
            if (cleanups === 2) {
              const [plural, name] = how === "apply" ? (["secrets", "report"] as const) : (["configmaps", "a"] as const);
              const more = { note: "by another", ...(how === "status" ? { status: { count: 1 } } : {}) };
              const { resourceVersion } = server.put(name, { ...server.get(name, plural), ...more }, "default", plural).metadata;
              const shown = () => (how === "apply" ? ctx.get(Secret, { name }) : ctx.get(ConfigMap, { name }))?.metadata.resourceVersion;
              // Heard of before the write, or only after its answer.
              if (how !== "patch") await until(() => shown() === resourceVersion);
              if (how === "apply") await ctx.apply(secret("report", { done: "yes" }));
              if (how === "patch") await ctx.patch(ConfigMap, ctx.key, { type: "merge", patch: { metadata: { generation: 2 } } });
              if (how === "update") await ctx.update(ConfigMap, { ...object, metadata, note: "by another" } as never);
              if (how === "status") await ctx.status({ count: 1 });
            }
            throw cleanups === 1 ? new Error("not yet") : new TerminalError("only a change helps");
          })
          .reconcile(async () => {}),
      );
      await until(() => cleanups === 3 && running.controller.idle);
    },
  );

  test("one that failed for good does not run again for what it wrote itself", async () => {
    await using server = await startApiServer();
    terminating(server);
    let cleanups = 0;
    await using running = await runController(
      server,
      keeper()
        .cleanup(async ({ metadata: { resourceVersion: _, ...metadata }, ...object }, ctx) => {
          await ctx.status({ count: ++cleanups });
          await ctx.patch(ConfigMap, ctx.key, { type: "merge", patch: { data: { tries: `${cleanups}` } } });
          await ctx.update(ConfigMap, { ...object, metadata, data: { updates: `${cleanups}` } } as never);
          throw new TerminalError("never");
        })
        .reconcile(async () => {}),
    );
    await until(() => running.outcomes.length === 1);
    for (const name of ["b", "c"]) {
      server.put(name);
      await until(() => running.outcomes.some(({ key }) => key.name === name));
    }
    expect(cleanups).toBe(1);
  });
});
