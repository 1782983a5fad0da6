import { describe, expect, onTestFinished, test } from "vitest";
import { type ApiServer, refuse, startApiServer, until } from "../../test/api-server.ts";
import { ConfigMap, Secret, secret } from "../../test/kinds.ts";
import { runController } from "../../test/running-controller.ts";
import { controller, type Log } from "./index.ts";

const deleted = { deletionTimestamp: "2024-01-01T00:00:01Z", finalizers: ["orphan"] };

async function start(): Promise<ApiServer> {
  const server = await startApiServer();
  onTestFinished(() => server.close());
  return server;
}

/** Keeps the events of a kind back from now on, as a slow connection does; returns what lets them through. */
function slowWatches(server: ApiServer, plural: string) {
  const held: (() => void)[] = [];
  let hold = false;
  server.interceptions.push(({ url }, response) => {
    if (!url.pathname.endsWith(`/${plural}`) || !url.searchParams.has("watch")) return false;
    const write = response.write.bind(response) as (chunk: unknown) => boolean;
    response.write = ((chunk: unknown) => {
      if (!hold) return write(chunk);
      held.push(() => write(chunk));
      return true;
    }) as never;
    return false;
  });
  return {
    hold() {
      hold = true;
    },
    release() {
      hold = false;
      for (const one of held.splice(0)) one();
    },
  };
}

/** A reconcile that stops at a gate when there is one. */
class Gate {
  #closed: PromiseWithResolvers<void> | undefined;
  waiting = 0;

  close(): void {
    this.#closed = Promise.withResolvers();
  }
  open(): void {
    this.#closed?.resolve();
    this.#closed = undefined;
  }
  async pass(): Promise<void> {
    this.waiting++;
    await this.#closed?.promise;
    this.waiting--;
  }
}

/** What a log was told at which level. */
function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (level: string) => (_fields: object, message: string) => void lines.push(`${level} ${message}`);
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error"), child: () => log };
  return { log, lines };
}

const written = (server: ApiServer, from: number) =>
  server.requests
    .slice(from)
    .filter(({ url }) => !url.searchParams.has("watch"))
    .map(({ method, url }) => `${method} ${url.pathname.split("/").slice(-2).join("/")}`);

describe("what was let go is not taken back for an owner that is being deleted", () => {
  for (const [what, behind] of [
    ["when the cache shows everything", undefined],
    ["when the cache does not show yet that it was let go", "secrets"],
    ["when the cache does not show yet that the owner is deleted", "configmaps"],
  ] as const) {
    test(what, async () => {
      const server = await start();
      server.put("a");
      const watches = slowWatches(server, behind ?? "nothing");
      const gate = new Gate();
      const { log, lines } = keptLog();
      await using running = await runController(
        server,
        controller(ConfigMap)
          .owns(Secret)
          .reconcile(async ({ metadata }, ctx) => {
            if (metadata.deletionTimestamp) return;
            await gate.pass();
            if (server.get("a")?.metadata.deletionTimestamp && behind !== "secrets")
              await until(() => ctx.get(Secret, { name: "of-a" })?.data?.["let"] === "go");
            await ctx.apply(secret("of-a", { version: metadata.resourceVersion }));
          }),
        { log },
      );
      await until(() => server.get("of-a", "secrets") !== undefined && running.controller.idle);
      gate.close();
      server.put("a", { data: { changed: "yes" } });
      await until(() => gate.waiting === 1);
      const count = running.outcomes.length;
      // What a garbage collector does for a deletion that orphans.
      watches.hold();
      server.put("a", { metadata: deleted });
      server.put("of-a", { data: { let: "go" } }, "default", "secrets");
      gate.open();
      await until(() => running.outcomes.length > count);
      expect(server.get("of-a", "secrets")).toMatchObject({ data: { let: "go" } });
      expect(server.get("of-a", "secrets")?.metadata.ownerReferences).toBeUndefined();
      server.remove("a");
      watches.release();
      await until(() => running.controller.idle);
      expect(server.get("of-a", "secrets")?.metadata.ownerReferences).toBeUndefined();
      expect(running.outcomes.every(({ result }) => result === "success")).toBe(true);
      expect(lines.every((line) => line === "debug the object was deleted during its reconcile, which ends here")).toBe(true);
      expect(lines.length).toBeGreaterThan(0);
    });
  }

  test("nor for one that is gone; another owner of its name takes it", async () => {
    const server = await start();
    server.put("a");
    const owners = slowWatches(server, "configmaps");
    await using running = await runController(
      server,
      controller(ConfigMap)
        .owns(Secret)
        .reconcile((_object, ctx) => ctx.apply(secret("of-a"))),
    );
    await until(() => server.get("of-a", "secrets") !== undefined && running.controller.idle);
    owners.hold();
    server.remove("a");
    const next = server.put("a");
    const count = running.outcomes.length;
    // Its going wakes the reconcile, which still has the owner of before.
    server.put("of-a", {}, "default", "secrets");
    await until(() => running.outcomes.length > count && running.controller.idle);
    expect(server.get("of-a", "secrets")?.metadata.ownerReferences).toBeUndefined();
    owners.release();
    await until(() => server.get("of-a", "secrets")?.metadata.ownerReferences?.[0]?.uid === next.metadata.uid);
    await until(() => running.controller.idle);
    expect(running.outcomes.every(({ result }) => result === "success")).toBe(true);
  });

  test("and it is not pruned", async () => {
    const server = await start();
    server.put("a", { data: { names: "x,y" } });
    const secrets = slowWatches(server, "secrets");
    const gate = new Gate();
    await using running = await runController(
      server,
      controller(ConfigMap)
        .owns(Secret)
        .reconcile(async ({ data, metadata }, ctx) => {
          if (metadata.deletionTimestamp) return;
          await gate.pass();
          await ctx.apply(
            (data?.["names"] ?? "").split(",").map((name) => secret(name)),
            { prune: [Secret] },
          );
        }),
    );
    await until(() => server.objects("secrets").length === 2 && running.controller.idle);
    gate.close();
    server.put("a", { data: { names: "x" } });
    await until(() => gate.waiting === 1);
    secrets.hold();
    server.put("y", { data: { let: "go" } }, "default", "secrets");
    gate.open();
    await until(() => gate.waiting === 0);
    secrets.release();
    await until(() => running.controller.idle);
    expect(server.get("y", "secrets")).toMatchObject({ data: { let: "go" } });
    expect(running.outcomes.every(({ result }) => result === "success")).toBe(true);
  });

  test("a cleanup writes to it all the same, and the owner goes only then", async () => {
    const server = await start();
    server.put("a");
    const secrets = slowWatches(server, "secrets");
    let refused = true;
    await using running = await runController(
      server,
      controller(ConfigMap)
        .owns(Secret)
        .cleanup(async (_object, ctx) => {
          if (refused) throw new Error("not yet");
          await ctx.apply(secret("of-a", { cleaned: "up" }));
        })
        .reconcile((_object, ctx) => ctx.apply(secret("of-a"))),
    );
    await until(() => server.get("of-a", "secrets") !== undefined && running.controller.idle);
    secrets.hold();
    server.put("of-a", {}, "default", "secrets");
    server.put("a", { metadata: { ...server.get("a")!.metadata, deletionTimestamp: deleted.deletionTimestamp } });
    await until(() => running.outcomes.some(({ result }) => result === "error"));
    expect(server.get("a")).toBeDefined();
    refused = false;
    await until(() => server.get("a") === undefined);
    expect(server.get("of-a", "secrets")).toMatchObject({ data: { cleaned: "up" } });
    expect(server.get("of-a", "secrets")?.metadata.ownerReferences).toBeUndefined();
    secrets.release();
  });
});

describe("a write to what is controlled", () => {
  const running = (server: ApiServer, times = 1) =>
    runController(
      server,
      controller(ConfigMap)
        .owns(Secret)
        .reconcile(async ({ data }, ctx) => {
          for (let time = 0; time < times; time++) await ctx.apply(secret("of-a", data));
        }),
    );

  test("is one request where nobody else wrote, also for what this reconcile wrote before", async () => {
    const server = await start();
    server.put("a");
    await using one = await running(server, 3);
    await until(() => server.get("of-a", "secrets") !== undefined && one.controller.idle);
    const from = server.requests.length;
    const count = one.outcomes.length;
    server.put("a", { data: { next: "yes" } });
    await until(() => one.outcomes.length > count && one.controller.idle);
    expect([...new Set(written(server, from))]).toEqual(["PATCH secrets/of-a"]);
    expect(written(server, from)).toHaveLength(3 * (one.outcomes.length - count));
  });

  test("is made on what the server has when somebody else wrote meanwhile, however often", async () => {
    const server = await start();
    server.put("a");
    await using one = await running(server);
    await until(() => server.get("of-a", "secrets") !== undefined && one.controller.idle);
    let others = 5;
    server.interceptions.push(({ method, url }) => {
      if (method !== "PATCH" || !url.pathname.endsWith("/of-a") || others === 0) return false;
      const { metadata } = server.get("of-a", "secrets")!;
      server.put("of-a", { metadata, data: { other: `${others--}` } }, "default", "secrets");
      return false;
    });
    server.put("a", { data: { next: "yes" } });
    await until(() => server.get("of-a", "secrets")?.["data"] !== undefined && others === 0 && one.controller.idle);
    expect(server.get("of-a", "secrets")).toMatchObject({ data: { next: "yes" } });
    expect(one.outcomes.every(({ result }) => result === "success")).toBe(true);
  });

  test("asks whether the owner stands before it adopts what nobody controls, and only then", async () => {
    const server = await start();
    server.put("of-a", {}, "default", "secrets");
    await using one = await running(server);
    const from = server.requests.length;
    const { metadata } = server.put("a");
    await until(() => one.outcomes.length > 1 && one.controller.idle);
    expect(server.get("of-a", "secrets")?.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid, controller: true }]);
    const [first, second, ...more] = written(server, from);
    expect([first, second]).toEqual(["GET configmaps/a", "PATCH secrets/of-a"]);
    expect(new Set(more)).toEqual(new Set(["PATCH secrets/of-a"]));
  });

  test("fails with what the server says when the conflict is another than the version", async () => {
    const server = await start();
    server.put("a");
    await using one = await running(server);
    await until(() => server.get("of-a", "secrets") !== undefined && one.controller.idle);
    let refusals = 0;
    server.interceptions.push(({ method, url }, response) => {
      if (method !== "PATCH" || !url.pathname.endsWith("/of-a") || refusals > 0) return false;
      refusals++;
      refuse(response, 409, "Conflict", "the quota has been modified");
      return true;
    });
    const count = one.outcomes.length;
    server.put("a", { data: { next: "yes" } });
    await until(() => one.outcomes.length > count);
    expect(one.outcomes[count]).toMatchObject({ result: "error", error: { message: "the quota has been modified" } });
  });

  test("to prune it is made on what the server has, too", async () => {
    const server = await start();
    server.put("a", { data: { wanted: "yes" } });
    const secrets = slowWatches(server, "secrets");
    const gate = new Gate();
    await using one = await runController(
      server,
      controller(ConfigMap)
        .owns(Secret)
        .reconcile(async ({ data }, ctx) => {
          await gate.pass();
          await ctx.apply(data?.["wanted"] ? [secret("of-a")] : [], { prune: [Secret] });
        }),
    );
    await until(() => server.get("of-a", "secrets") !== undefined && one.controller.idle);
    gate.close();
    server.put("a");
    await until(() => gate.waiting === 1);
    secrets.hold();
    const { metadata } = server.get("of-a", "secrets")!;
    server.put("of-a", { metadata, data: { other: "writer" } }, "default", "secrets");
    gate.open();
    await until(() => server.get("of-a", "secrets") === undefined);
    secrets.release();
    await until(() => one.controller.idle);
    expect(one.outcomes.every(({ result }) => result === "success")).toBe(true);
  });
});
