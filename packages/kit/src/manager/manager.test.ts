import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { Counter, Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { refuse, startApiServer, until } from "../../test/api-server.ts";
import { builtIn } from "../api/index.ts";
import { connect } from "../client/index.ts";
import { controller, type WritingEventRecorder } from "../controller/index.ts";
import { LeadershipLostError, manager, type Service } from "./index.ts";

const ConfigMap = builtIn<{ apiVersion?: "v1"; kind?: "ConfigMap"; metadata?: object; data?: Record<string, string> }>()(
  "v1",
  "ConfigMap",
  "configmaps",
  "Namespaced",
);
/** Of a lease that nobody loses, and no process is ended for, because the machine was busy for a moment. */
const patient = { leaseDurationMs: 60_000, renewDeadlineMs: 30_000, retryPeriodMs: 50 };
/** Of one that is lost soon, and leaves long to end what it guards: the lease's thread would end this process. */
const soonLost = { leaseDurationMs: 30_000, renewDeadlineMs: 4_000, retryPeriodMs: 50 };

test("starts webhooks, then caches, then controllers, and stops in reverse", async () => {
  await using server = await startApiServer();
  server.put("a");
  const order: string[] = [];
  const webhook: Service = {
    name: "webhook",
    async start({ client }) {
      order.push(`webhook starts, ${server.watchers} watches`);
      expect(await client.find(ConfigMap, { name: "a" })).toBeDefined();
      return {
        ready: () => void order.push(`webhook ready, ${server.watchers} watches`),
        stop: async () => void order.push("webhook stops"),
      };
    },
  };
  const service: Service = {
    name: "job",
    async start() {
      order.push("service starts");
      return { stop: async () => void order.push("service stops") };
    },
  };
  const one = controller(ConfigMap).reconcile(async (_object, ctx) => {
    order.push("reconcile");
    await once(ctx.signal, "abort");
    order.push("reconcile ends");
  });
  const running = manager({
    kubeconfig: { text: server.kubeconfig() },
    controllers: [one],
    webhooks: [webhook],
    services: [service],
    log: false,
  });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await running.ready;
  await until(() => order.includes("reconcile"));
  stop.abort();
  await done;
  expect(order).toEqual([
    "webhook starts, 0 watches",
    "webhook ready, 1 watches",
    "service starts",
    "reconcile",
    "reconcile ends",
    "service stops",
    "webhook stops",
  ]);
  await until(() => server.watchers === 0);
});

test("answers probes and metrics under controller-runtime's names, at 0 from the start", async () => {
  await using server = await startApiServer();
  server.put("a");
  let runs = 0;
  const one = controller(ConfigMap, { name: "counting" }).reconcile(async () => void runs++);
  let syncing = true;
  const gate: Service = { name: "gate", start: async () => ({ ready: () => until(() => !syncing), stop: async () => {} }) };
  const running = manager({
    kubeconfig: { text: server.kubeconfig() },
    controllers: [one],
    webhooks: [gate],
    log: false,
    probes: { port: 0, host: "127.0.0.1" },
  });
  const stop = new AbortController();
  const done = running.run({ signal: stop.signal });
  await until(() => running.probesUrl !== undefined);
  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(running.probesUrl + path);
    return [response.status, await response.text()];
  };
  expect(await get("/healthz")).toEqual([200, "ok"]);
  expect(await get("/readyz")).toEqual([500, "[-]manager failed: the manager is starting\nreadyz check failed\n"]);
  syncing = false;
  await running.ready;
  expect(await get("/readyz")).toEqual([200, "ok"]);
  running.addCheck("readyz", "mine", () => {
    throw new Error("no");
  });
  expect(await get("/readyz/mine")).toEqual([500, "[-]mine failed: no\nreadyz check failed\n"]);
  expect((await get("/readyz/other"))[0]).toBe(404);
  await until(() => runs === 1);
  await until(async () =>
    (await get("/metrics"))[1].includes('controller_runtime_reconcile_total{controller="counting",result="success"} 1'),
  );
  const [, metrics] = await get("/metrics");
  for (const line of [
    'controller_runtime_reconcile_total{controller="counting",result="error"} 0',
    'controller_runtime_reconcile_errors_total{controller="counting"} 0',
    'controller_runtime_max_concurrent_reconciles{controller="counting"} 1',
    'controller_runtime_active_workers{controller="counting"} 0',
    'workqueue_depth{name="counting",controller="counting"} 0',
    'workqueue_adds_total{name="counting",controller="counting"} 1',
    'workqueue_unfinished_work_seconds{name="counting",controller="counting"} 0',
    'workqueue_longest_running_processor_seconds{name="counting",controller="counting"} 0',
    'controller_runtime_reconcile_time_seconds_count{controller="counting"} 1',
  ]) {
    expect(metrics).toContain(line);
  }
  expect(metrics).toMatch(/rest_client_requests_total\{code="200",host="127\.0\.0\.1:\d+",method="GET"\} \d/);
  stop.abort();
  await done;
  await expect(get("/healthz")).rejects.toThrow();
});

test("answers each request to its probes once, whatever is asked and whatever fails", async () => {
  await using server = await startApiServer();
  const registry = {
    getMetricsAsJSON: async (): Promise<never> => {
      throw new Error("no figures today");
    },
  };
  const running = manager({
    kubeconfig: { text: server.kubeconfig() },
    metrics: registry,
    log: false,
    probes: { port: 0, host: "127.0.0.1" },
  });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await running.ready;
  const { hostname, port } = new URL(running.probesUrl!);
  const ask = async (path: string): Promise<number | undefined> => {
    const outgoing = request({ hostname, port, path });
    const [response] = (await once(outgoing.end(), "response")) as [IncomingMessage];
    response.resume();
    await once(response, "end");
    return response.statusCode;
  };
  expect(await Promise.all(["//", "//[", "/metrics", "/", "/healthz", "/readyz/"].map(ask))).toEqual([400, 400, 500, 404, 200, 404]);
  stop.abort();
  await done;
});

test("shows the program's own metrics and those of the process beside its own, on one page", async () => {
  await using server = await startApiServer();
  const registry = new Registry();
  const baked = new Counter({ name: "breads_baked_total", help: "Breads", registers: [registry] });
  const options = { kubeconfig: { text: server.kubeconfig() }, metrics: registry, log: false } as const;
  const running = manager({ ...options, probes: { port: 0, host: "127.0.0.1" } });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await running.ready;
  baked.inc(3);
  const text = await (await fetch(`${running.probesUrl}/metrics`)).text();
  for (const line of [
    /^breads_baked_total 3$/m,
    /^process_resident_memory_bytes \d+/m,
    /^nodejs_eventloop_lag_p99_seconds /m,
    /^# TYPE rest_client_requests_total counter$/m,
  ])
    expect(text).toMatch(line);
  stop.abort();
  await done;
  expect(() => manager(options)).toThrow(/shown by probes or by secureMetrics/);
});

test("two controllers of one name are refused, with a way out", () => {
  const one = controller(ConfigMap).reconcile(async () => undefined);
  const two = controller(ConfigMap).reconcile(async () => undefined);
  const other = controller(ConfigMap, { name: "other" }).reconcile(async () => undefined);
  const client = {} as never;
  expect(() => manager({ client, controllers: [one, other, two] })).toThrow(
    'two controllers are named "configmap", of ConfigMap and of ConfigMap: give one another name, controller(ConfigMap, { name: "…" })',
  );
  expect(() => manager({ client, controllers: [one, other] })).not.toThrow();
});

test("a part that cannot start ends the run with its error, and what was started is stopped", async () => {
  await using server = await startApiServer();
  const stopped: string[] = [];
  const good: Service = { name: "good", start: async () => ({ stop: async () => void stopped.push("good") }) };
  const bad: Service = {
    name: "bad",
    start: async () => {
      throw new Error("no port");
    },
  };
  const running = manager({ kubeconfig: { text: server.kubeconfig() }, webhooks: [good, bad], log: false });
  await expect(running.run()).rejects.toThrow("no port");
  await expect(running.ready).rejects.toThrow("no port");
  expect(stopped).toEqual(["good"]);
});

const never = (): Promise<never> => new Promise(() => {});

test.each([
  ["webhooks", "ready"],
  ["services", "ready"],
  ["webhooks", "started"],
  ["services", "started"],
] as const)("told to stop while one of the %s is not %s, it stops what was started, and ends", async (part, step) => {
  await using server = await startApiServer();
  const waiting = Promise.withResolvers<void>();
  const wait = (): Promise<never> => {
    waiting.resolve();
    return never();
  };
  const stopped: string[] = [];
  const first: Service = { name: "first", start: async () => ({ stop: async () => void stopped.push("first") }) };
  const slow: Service = {
    name: "slow",
    start: async () => (step === "started" ? wait() : { ready: wait, stop: async () => void stopped.push("slow") }),
  };
  const running = manager({
    kubeconfig: { text: server.kubeconfig() },
    webhooks: part === "webhooks" ? [first, slow] : [first],
    services: part === "services" ? [slow] : [],
    gracePeriodMs: 100,
    log: false,
  });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await waiting.promise;
  stop.abort();
  await done;
  await expect(running.ready).rejects.toThrow("aborted");
  // What has not started has nothing to stop.
  expect(stopped).toEqual(step === "started" ? ["first"] : ["slow", "first"]);
});

test("a service that starts only after the manager was told to stop is stopped then", async () => {
  await using server = await startApiServer();
  const order: string[] = [];
  const slow: Service = {
    name: "slow",
    async start({ signal }) {
      order.push("starts");
      await once(signal, "abort");
      order.push("has started");
      return { stop: async () => void order.push("stops") };
    },
  };
  const running = manager({ kubeconfig: { text: server.kubeconfig() }, webhooks: [slow], log: false });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await until(() => order.length === 1);
  stop.abort();
  await done;
  expect(order).toEqual(["starts", "has started", "stops"]);
});

test("the failure of one part ends the run while another is not ready", async () => {
  await using server = await startApiServer();
  const failed = Promise.withResolvers<unknown>();
  const waiting = Promise.withResolvers<void>();
  const stopped: string[] = [];
  const breaks: Service = {
    name: "breaks",
    start: async () => ({ failed: failed.promise, stop: async () => void stopped.push("breaks") }),
  };
  const slow: Service = {
    name: "slow",
    start: async () => ({
      ready() {
        waiting.resolve();
        return never();
      },
      stop: async () => void stopped.push("slow"),
    }),
  };
  const running = manager({ kubeconfig: { text: server.kubeconfig() }, webhooks: [breaks, slow], log: false });
  const done = running.run();
  await waiting.promise;
  failed.resolve(new Error("the port is gone"));
  await expect(done).rejects.toThrow("the port is gone");
  expect(stopped).toEqual(["slow", "breaks"]);
});

test("stops on a signal of the process only when asked to, and takes its handler away", async () => {
  await using server = await startApiServer();
  const before = process.listenerCount("SIGUSR2");
  const running = manager({ kubeconfig: { text: server.kubeconfig() }, log: false });
  const done = running.run({ stopOn: ["SIGUSR2"] });
  await running.ready;
  expect(process.listenerCount("SIGUSR2")).toBe(before + 1);
  process.kill(process.pid, "SIGUSR2");
  await done;
  expect(process.listenerCount("SIGUSR2")).toBe(before);
});

describe("leader election", () => {
  test("one of two leads; when it stops it gives the lease back and the other takes over", async () => {
    await using server = await startApiServer();
    server.put("a");
    const leaders: string[] = [];
    const start = (identity: string) => {
      const one = controller(ConfigMap).reconcile(async () => void leaders.push(identity));
      const running = manager({
        kubeconfig: { text: server.kubeconfig() },
        name: "m",
        controllers: [one],
        leaderElection: { ...patient, identity },
        probes: { port: 0, host: "127.0.0.1" },
        log: false,
      });
      const stop = new AbortController();
      return { running, stop, done: running.run(stop.signal) };
    };
    const first = start("first");
    await first.running.ready;
    await until(() => leaders.length === 1);
    const second = start("second");
    await until(() => server.requests.filter(({ url }) => url.pathname.endsWith("/leases/m")).length > 3);
    expect(leaders).toEqual(["first"]);
    // A rolling update waits for the standby, which leads only when the other has gone.
    expect((await fetch(`${second.running.probesUrl}/readyz`)).status).toBe(200);
    expect(server.get("m", "leases")?.["spec"]).toMatchObject({ holderIdentity: "first", leaseDurationSeconds: 60, leaseTransitions: 0 });
    first.stop.abort();
    await first.done;
    await second.running.ready;
    await until(() => leaders.length === 2);
    expect(leaders).toEqual(["first", "second"]);
    expect(server.get("m", "leases")?.["spec"]).toMatchObject({ holderIdentity: "second", leaseTransitions: 1 });
    second.stop.abort();
    await second.done;
    expect(server.get("m", "leases")?.["spec"]).toMatchObject({ holderIdentity: "" });
  });

  test("a standby is ready while another leads, and not before its webhooks serve and its caches are synced", async () => {
    await using server = await startApiServer();
    const start = (identity: string, webhooks: Service[] = []) => {
      const running = manager({
        kubeconfig: { text: server.kubeconfig() },
        name: "m",
        controllers: [controller(ConfigMap).reconcile(async () => undefined)],
        webhooks,
        leaderElection: { ...patient, identity },
        probes: { port: 0, host: "127.0.0.1" },
        log: false,
      });
      const stop = new AbortController();
      return { running, stop, done: running.run(stop.signal) };
    };
    const status = async ({ running }: ReturnType<typeof start>): Promise<number> => (await fetch(`${running.probesUrl}/readyz`)).status;
    const leader = start("leader");
    await leader.running.ready;
    let served = false;
    const stopped = Promise.withResolvers<void>();
    const gate: Service = {
      name: "gate",
      start: async () => ({
        ready: () => until(() => served),
        stop: () => stopped.promise,
      }),
    };
    const standby = start("standby", [gate]);
    await until(() => standby.running.probesUrl !== undefined);
    expect([await status(leader), await status(standby)]).toEqual([200, 500]);
    served = true;
    await until(async () => (await status(standby)) === 200);
    expect(standby.running.controllers).toEqual([]);
    expect(server.get("m", "leases")?.["spec"]).toMatchObject({ holderIdentity: "leader" });
    // It takes over and stays ready; once it is to stop it is not.
    leader.stop.abort();
    await leader.done;
    await standby.running.ready;
    expect(await status(standby)).toBe(200);
    standby.stop.abort();
    await until(async () => (await status(standby)) === 500);
    stopped.resolve();
    await standby.done;
  });

  test("a lease that another holds is taken only after it stood unchanged for its time", async () => {
    await using server = await startApiServer();
    const stale = {
      spec: { holderIdentity: "dead", leaseDurationSeconds: 1, renewTime: "2000-01-01T00:00:00.000000Z", leaseTransitions: 4 },
    };
    server.put("m", stale, "default", "leases");
    const running = manager({
      kubeconfig: { text: server.kubeconfig() },
      name: "m",
      leaderElection: { ...patient, identity: "me" },
      log: false,
    });
    const stop = new AbortController();
    const start = performance.now();
    const done = running.run(stop.signal);
    await running.ready;
    expect(performance.now() - start).toBeGreaterThanOrEqual(990);
    expect(server.get("m", "leases")?.["spec"]).toMatchObject({ holderIdentity: "me", leaseTransitions: 5 });
    stop.abort();
    await done;
  });

  test("a leader that cannot renew in time ends its reconciles and fails, before the lease can be another's", async () => {
    await using server = await startApiServer();
    server.put("a");
    let aborted = 0;
    const one = controller(ConfigMap).reconcile(async (_object, ctx) => {
      await once(ctx.signal, "abort");
      aborted = performance.now();
    });
    const running = manager({
      kubeconfig: { text: server.kubeconfig() },
      name: "m",
      controllers: [one],
      leaderElection: soonLost,
      log: false,
    });
    const done = running.run();
    done.catch(() => {});
    await running.ready;
    await until(() => running.controllers[0]?.idle === false);
    const lastRenewal = performance.now();
    server.interceptions.push(({ url }, response) => {
      if (!url.pathname.includes("/leases/")) return false;
      response.destroy();
      return true;
    });
    await expect(done).rejects.toBeInstanceOf(LeadershipLostError);
    expect(aborted - lastRenewal).toBeLessThan(soonLost.leaseDurationMs);
  });

  test("a leader whose lease was taken fails at once", async () => {
    await using server = await startApiServer();
    const running = manager({ kubeconfig: { text: server.kubeconfig() }, name: "m", leaderElection: patient, log: false });
    const done = running.run();
    await running.ready;
    server.put("m", { spec: { holderIdentity: "thief", leaseDurationSeconds: 15 } }, "default", "leases");
    await expect(done).rejects.toThrow("held by thief");
    expect(server.get("m", "leases")?.["spec"]).toMatchObject({ holderIdentity: "thief" });
  });

  test("a leader whose lease was taken while an elected service is not ready fails at once, and the service is stopped", async () => {
    await using server = await startApiServer();
    const order: string[] = [];
    const slow: Service = {
      name: "warm-up",
      async start() {
        return {
          ready() {
            order.push("waits");
            return never();
          },
          stop: async () => void order.push("stops"),
        };
      },
    };
    // A client alone: the lease's thread would end this process if it were not told that the lease's end was heard of.
    const client = connect({ text: server.kubeconfig() });
    const running = manager({ client, name: "m", services: [slow], leaderElection: patient, log: false });
    const done = running.run();
    done.catch(() => {});
    await until(() => order.length === 1);
    server.put("m", { spec: { holderIdentity: "thief", leaseDurationSeconds: 15 } }, "default", "leases");
    await expect(done).rejects.toBeInstanceOf(LeadershipLostError);
    expect(order).toEqual(["waits", "stops"]);
    await client.close();
  });
});

test("a client that was given stays open", async () => {
  await using server = await startApiServer();
  server.put("a");
  const client = connect({ text: server.kubeconfig() });
  const running = manager({ client, log: false });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await running.ready;
  stop.abort();
  await done;
  expect((await client.get(ConfigMap, { name: "a" })).metadata.name).toBe("a");
  await client.close();
});

test("what is recorded goes through before the run ends, and nothing is written after it", async () => {
  await using server = await startApiServer();
  server.put("a");
  server.interceptions.push(({ body }, response) => {
    if (body.includes("stubborn")) refuse(response, 500, "InternalError", "the webhook is away");
    return body.includes("stubborn");
  });
  const client = connect({ text: server.kubeconfig() });
  const stop = new AbortController();
  const one = controller(ConfigMap).reconcile(async (_object, ctx) => {
    for (const message of ["stubborn", "made it"]) ctx.event("Made", message);
    stop.abort();
  });
  const running = manager({ client, controllers: [one], log: false });
  await running.run(stop.signal);
  const written = () => server.objects("events").map(({ message }) => message);
  expect(written()).toEqual(["made it"]);
  const events = running.events as WritingEventRecorder;
  events.event(server.get("a")!, "Made", "late");
  await events.flushed();
  expect(written()).toEqual(["made it"]);
  await client.close();
});
