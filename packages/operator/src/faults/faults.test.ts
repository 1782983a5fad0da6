import { createHash } from "node:crypto";
import { type Devcluster, startDevcluster } from "@outrigger/devcluster";
import type { Desired } from "@outrigger/kit/api";
import { type Client, connect } from "@outrigger/kit/client";
import { CustomResourceDefinition, EndpointSlice, Event, Namespace, Pod, Secret, Service } from "@outrigger/kit/kinds";
import { type Manager, manager } from "@outrigger/kit/manager";
import { eventually } from "@outrigger/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TestAgent } from "../../test/agents.ts";
import { NetworkFault, type NetworkFaultControllerOptions, type NetworkFaultObject, networkFaultController } from "./index.ts";

let cluster: Devcluster;
let client: Client;
beforeAll(async () => {
  cluster = await startDevcluster({ bare: true });
  client = connect({ text: cluster.kubeconfig });
  await client.create(CustomResourceDefinition, NetworkFault.crd() as never);
  await eventually(() => client.list(NetworkFault));
});
afterAll(async () => {
  await client?.close();
  await cluster?.close();
});

let namespace: string;
let running: Running;
const agents = new Map<string, TestAgent>();
let count = 0;

beforeEach(async () => {
  namespace = `test-${++count}`;
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  running = await startController();
});
afterEach(async () => {
  await running.stop();
  for (const { metadata } of (await client.list(NetworkFault)).items) {
    const key = { namespace: metadata.namespace, name: metadata.name };
    await client.patch(NetworkFault, key, { type: "merge", patch: { metadata: { finalizers: null } } });
    await client.delete(NetworkFault, key).catch(() => {});
  }
  await Promise.all([...agents.values()].map((agent) => agent.stop()));
  agents.clear();
});

interface Running {
  readonly manager: Manager;
  stop(): Promise<void>;
}

/** The controller, with agents reached on loopback by the names of their pods. */
async function startController(options: NetworkFaultControllerOptions = {}): Promise<Running> {
  const stopping = new AbortController();
  const one = manager({
    client,
    log: false,
    controllers: [
      networkFaultController({
        dial: ({ name }) => ({ host: "127.0.0.1", port: agents.get(name)?.port ?? 1 }),
        retryMs: 20,
        ...options,
      }),
    ],
  });
  const ended = one.run(stopping.signal);
  await one.ready;
  return {
    manager: one,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
async function restart(options: NetworkFaultControllerOptions): Promise<void> {
  await running.stop();
  running = await startController(options);
}

/** A pod that runs, with an agent on loopback unless `agent` is false. */
async function runPod(
  name: string,
  more: { labels?: Record<string, string>; ip?: string; agent?: boolean; hostNetwork?: boolean } = {},
): Promise<void> {
  if (more.agent !== false && !agents.has(name)) agents.set(name, await new TestAgent().start());
  const pod = await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: more.labels ?? { app: "db" } },
    spec: { containers: [{ name: "db", image: "db" }], ...(more.hostNetwork ? { hostNetwork: true } : {}) },
  } as Desired<typeof Pod>);
  const ip = more.ip ?? `10.1.0.${agents.size + 1}`;
  await client.update(Pod, { ...pod, status: { phase: "Running", podIP: ip, podIPs: [{ ip }] } } as never, { subresource: "status" });
}
const runPods = (...names: string[]) => Promise.all(names.map((name) => runPod(name)));

const delay = { delay: { time: "20ms" } };
async function createFault(spec: object, name = "slow"): Promise<void> {
  await client.create(NetworkFault, {
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "NetworkFault",
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: "db" } }, fault: delay, ...spec },
  } as never);
}
const change = (spec: object, name = "slow") => client.patch(NetworkFault, { namespace, name }, { type: "merge", patch: { spec } });
const remove = (name = "slow") => client.delete(NetworkFault, { namespace, name });
const fault = (name = "slow") => client.find(NetworkFault, { namespace, name });
const status = async (name = "slow"): Promise<NonNullable<NetworkFaultObject["status"]>> => (await fault(name))?.status ?? {};
const until = (state: string) =>
  eventually(async () => {
    const now = await status();
    expect(now).toMatchObject({ state });
    return now;
  });
const gone = () => eventually(async () => (await fault()) === undefined);
const agent = (name: string): TestAgent => agents.get(name)!;
const holding = (): string[] =>
  [...agents]
    .filter(([, { faults }]) => faults.length > 0)
    .map(([name]) => name)
    .sort();

describe("a network fault", () => {
  test("is put on as many of the selected pods as it asks for, and its status shows each", async () => {
    await runPods("a", "b", "c");
    await runPod("other", { labels: { app: "web" } });
    await createFault({ mode: "fixed", value: 2 });
    const { pods, applied, conditions } = await until("Applied");
    expect(applied).toBe("2/2");
    expect(pods).toMatchObject([{ state: "Applied" }, { state: "Applied" }]);
    expect(holding()).toEqual(pods?.map(({ name }) => name));
    expect(holding()).not.toContain("other");
    expect(conditions).toMatchObject([
      { type: "Accepted", status: "True" },
      { type: "Applied", status: "True", reason: "AllApplied", message: "2 of 2 pods have the fault" },
      { type: "Recovered", status: "False" },
    ]);
  });

  test("can name its pods", async () => {
    await runPods("a", "b", "c");
    await createFault({ selector: { names: ["b", "absent"] } });
    expect((await until("Applied")).applied).toBe("1/1");
    expect(holding()).toEqual(["b"]);
  });

  test("is renewed while it is wanted, and ends by itself when its controller is no more", async () => {
    await restart({ ttlMs: 1000 });
    await runPods("a");
    await createFault({});
    await until("Applied");
    await eventually(() => {
      expect(holding()).toEqual(["a"]);
      return agent("a").requests.length >= 5;
    });
    await running.stop();
    await eventually(() => holding().length === 0);
    running = await startController();
  });

  test("ends with its duration, for which the agents need nobody", async () => {
    await runPods("a", "b");
    await createFault({ duration: "5s" });
    const { run } = await until("Applied");
    await running.stop();
    await eventually(() => holding().length === 0);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(run?.endTime ?? "") - 20);
    running = await startController();
    const ended = await until("Ended");
    expect(ended.pods).toMatchObject([
      { name: "a", state: "Recovered", reason: "Ended" },
      { name: "b", state: "Recovered", reason: "Ended" },
    ]);
    await eventually(async () => expect((await fault())?.metadata.finalizers ?? []).toEqual([]));
  });

  test("is changed in place when its spec changes", async () => {
    await runPods("a");
    await createFault({});
    await until("Applied");
    await change({ fault: { delay: { time: "50ms" } } });
    await eventually(() => expect(agent("a").faults).toEqual([{ delay: { time: "50ms" } }]));
    expect(agent("a").requests).toEqual(["PUT", "PUT"]);
    await eventually(async () => expect(await status()).toMatchObject({ observedGeneration: 2, state: "Applied" }));
  });

  test("is renewed at once when its end moves, and not when what it had is over", async () => {
    await runPods("a");
    await createFault({ duration: "30s" });
    const { run } = await until("Applied");
    const end = Date.parse(run?.endTime ?? "");
    await change({ duration: "5m" });
    await eventually(() => expect(agent("a").held[0]?.until).toBeGreaterThan(end + 10_000));
    expect(agent("a").requests).toEqual(["PUT", "PUT"]);
    await change({ duration: "20s" });
    await eventually(() => expect(agent("a").held[0]?.until).toBeLessThan(end));
    expect(agent("a").requests).toEqual(["PUT", "PUT", "PUT"]);
  });

  test("is taken off while it is paused, and put on the same pods again", async () => {
    await runPods("a", "b", "c");
    await createFault({ mode: "one" });
    await until("Applied");
    const first = holding();
    await change({ paused: true });
    const paused = await until("Paused");
    expect(holding()).toEqual([]);
    expect(paused.pods).toMatchObject([{ state: "Recovered", reason: "Paused" }]);
    await change({ paused: false });
    await until("Applied");
    expect(holding()).toEqual(first);
  });

  test("follows its selector: pods that come later get it, pods that leave lose it", async () => {
    await runPods("a");
    await createFault({});
    await until("Applied");
    await runPod("b");
    await eventually(() => expect(holding()).toEqual(["a", "b"]));
    await client.patch(Pod, { namespace, name: "a" }, { type: "merge", patch: { metadata: { labels: { app: "spare" } } } });
    await eventually(() => expect(holding()).toEqual(["b"]));
    await eventually(async () => expect((await status()).pods).toMatchObject([{ name: "b" }]));
  });

  test("comes back to a pod that is made again under its name, and to no other", async () => {
    await runPods("db-0", "db-1", "db-2");
    await createFault({ mode: "one" });
    const [chosen] = (await until("Applied")).pods ?? [];
    const name = chosen?.name ?? "";
    await client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0 });
    await eventually(async () => expect((await status()).pods).toMatchObject([{ name, state: "Recovered", reason: "PodGone" }]));
    await agent(name).stop();
    agents.set(name, await new TestAgent().start());
    await runPod(name);
    await until("Applied");
    expect(holding()).toEqual([name]);
  });

  test("costs no request, and wakes nothing, where there is none", async () => {
    const outcomes: unknown[] = [];
    const [controller] = running.manager.controllers;
    void (async () => {
      for await (const outcome of controller!.results()) outcomes.push(outcome);
    })();
    await runPods("a", "b");
    await createFault({ selector: { matchLabels: { app: "none" } } });
    await until("Pending");
    const before = outcomes.length;
    await runPod("c");
    await createFault({ selector: { matchLabels: { app: "none" } } }, "second");
    await eventually(async () => (await status("second")).state === "Pending");
    expect(outcomes.slice(before).every((outcome) => (outcome as { key: { name: string } }).key.name === "second")).toBe(true);
    expect([...agents.values()].flatMap(({ requests }) => requests)).toEqual([]);
  });
});

describe("deleting a network fault", () => {
  test("takes it off first: the object stays until the agents have let go", async () => {
    await runPods("a");
    await createFault({});
    await until("Applied");
    const { promise, resolve } = Promise.withResolvers<void>();
    agent("a").hold = promise;
    await remove();
    await eventually(() => agent("a").requests.includes("DELETE"));
    expect(await fault()).toBeDefined();
    resolve();
    await gone();
    expect(holding()).toEqual([]);
  });

  test("is not held up by a pod that is gone", async () => {
    await runPods("a", "b");
    await createFault({});
    await until("Applied");
    await agent("a").stop();
    await running.stop();
    await client.delete(Pod, { namespace, name: "a" }, { gracePeriodSeconds: 0 });
    await remove();
    running = await startController();
    await gone();
    expect(agent("b").faults).toEqual([]);
  });

  test("is held up by an agent that does not answer until the fault has ended there by itself", async () => {
    await restart({ ttlMs: 1500, timeoutMs: 400 });
    await runPods("a");
    await createFault({});
    await until("Applied");
    agent("a").hold = new Promise(() => {});
    await remove();
    await eventually(async () =>
      expect(await status()).toMatchObject({ state: "Recovering", pods: [{ state: "Failed", reason: "Timeout" }] }),
    );
    await gone();
    // The agent answered no deletion: its own time limit ended the fault, and the object did not go before that.
    expect(holding()).toEqual([]);
  });

  test("is not held up by an agent that was never reached", async () => {
    await runPod("a", { agent: false });
    await createFault({});
    await until("Failed");
    await remove();
    await gone();
  });
});

describe("an agent", () => {
  test("that cannot be reached is Failed with the reason, and tried again until it is there", async () => {
    await runPods("a");
    await agent("a").stop();
    await runPod("b");
    await createFault({});
    const { pods, conditions } = await until("Partial");
    expect(pods).toMatchObject([
      {
        name: "a",
        state: "Failed",
        reason: "Unreachable",
        message: `the agent on port ${agent("a").port} cannot be reached (ECONNREFUSED): does the pod run the agent?`,
      },
      { name: "b", state: "Applied" },
    ]);
    expect(conditions?.find(({ type }) => type === "Applied")).toMatchObject({ status: "False", reason: "SomeFailed" });
    const port = agent("a").port;
    agents.set("a", await new TestAgent().start());
    expect(port).not.toBe(0);
    await until("Applied");
    expect(holding()).toEqual(["a", "b"]);
  });

  test("that refuses is Failed in its own words", async () => {
    await runPods("a");
    agent("a").answer = { status: 400, body: { error: "is too long", field: "delay.time", allowed: "at most 274s" } };
    await createFault({});
    expect((await until("Failed")).pods).toMatchObject([
      { state: "Failed", reason: "Refused", message: "delay.time: is too long (allowed: at most 274s)" },
    ]);
    agent("a").answer = { status: 409, body: { error: "overlaps with loss-1" } };
    await eventually(async () => expect((await status()).pods).toMatchObject([{ reason: "Conflict", message: "overlaps with loss-1" }]));
    agent("a").answer = undefined;
    await until("Applied");
  });

  test("is given the token of a Secret of the right type, and of no other", async () => {
    await runPods("a");
    const secret = (name: string, type: string) =>
      client.create(Secret, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace },
        type,
        data: { token: Buffer.from("s3cret\n").toString("base64") },
      } as Desired<typeof Secret>);
    await secret("password", "Opaque");
    await secret("agents", "outrigger.dev/agent-token");
    await createFault({ agent: { tokenSecret: { name: "password" } } });
    const { conditions } = await until("Pending");
    expect(conditions?.find(({ type }) => type === "Applied")).toMatchObject({ reason: "NoToken" });
    expect(agent("a").requests).toEqual([]);
    await change({ agent: { tokenSecret: { name: "agents" } } });
    await until("Applied");
    expect([...agent("a").tokens]).toEqual(["Bearer s3cret"]);
  });

  test("is given the token of the Secret that the shipped agents mount, as soon as the namespace has it, unless it is of another type", async () => {
    await runPods("a");
    await createFault({});
    await until("Applied");
    expect([...agent("a").tokens]).toEqual([undefined]);
    const secret = (type: string) =>
      client.create(Secret, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "outrigger-agent-token", namespace },
        type,
        data: { token: Buffer.from("s3cret\n").toString("base64") },
      } as Desired<typeof Secret>);
    await secret("Opaque");
    await change({ fault: { delay: { time: "30ms" } } });
    await eventually(() => expect(agent("a").bodies).toHaveLength(2));
    expect([...agent("a").tokens]).toEqual([undefined]);
    await client.delete(Secret, { namespace, name: "outrigger-agent-token" });
    await secret("outrigger.dev/agent-token");
    await change({ fault: { delay: { time: "40ms" } } });
    await eventually(() => expect([...agent("a").tokens]).toEqual([undefined, "Bearer s3cret"]));
  });

  test("is one of at most so many that are asked at a time", async () => {
    await restart({ concurrency: 4 });
    TestAgent.inFlight = TestAgent.mostInFlight = 0;
    await runPods(...Array.from({ length: 20 }, (_, index) => `p-${index}`));
    const four = eventually(() => TestAgent.inFlight === 4);
    for (const one of agents.values()) one.hold = four;
    await createFault({});
    expect((await until("Applied")).applied).toBe("20/20");
    expect(TestAgent.mostInFlight).toBe(4);
  });
});

describe("targets", () => {
  const cidrs = (name: string) => (agent(name).bodies.at(-1) as { targets?: { cidrs: string[] } } | undefined)?.targets?.cidrs;

  test("are the addresses of pods, as they come and go, of services and of CIDRs", async () => {
    await runPods("a");
    await runPod("web-1", { labels: { app: "web" }, ip: "10.2.0.1" });
    const { spec } = await client.create(Service, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "cache", namespace },
      spec: { ports: [{ port: 80 }] },
    } as Desired<typeof Service>);
    await client.create(EndpointSlice, {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "cache-1", namespace, labels: { "kubernetes.io/service-name": "cache" } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.3.0.9"] }],
    } as never);
    await createFault({
      targets: { cidrs: ["192.0.2.0/24"], pods: [{ selector: { matchLabels: { app: "web" } } }], services: [{ name: "cache" }] },
    });
    await until("Applied");
    expect(cidrs("a")).toEqual([`${spec.clusterIP}/32`, "10.2.0.1/32", "10.3.0.9/32", "192.0.2.0/24"].sort());
    await runPod("web-2", { labels: { app: "web" }, ip: "10.2.0.2" });
    await eventually(() => expect(cidrs("a")).toContain("10.2.0.2/32"));
  });

  test("stand nowhere in the fault's status or Events, since its readers may not be allowed to read pods and services", async () => {
    await runPods("a", "b");
    await runPod("web-1", { labels: { app: "web" }, ip: "10.2.0.1" });
    await runPod("web-2", { labels: { app: "web" }, ip: "2001:db8::1" });
    await createFault({ targets: { pods: [{ selector: { matchLabels: { app: "web" } } }] } });
    await until("Applied");
    // As an agent does when the kernel refuses a command.
    const error =
      "tc filter add dev eth0 flower dst_ip 10.2.0.1 classid 7a00:2: exit code 2; 2001:db8:0:0:0:0:0:1/128: no, [::ffff:10.2.0.1]";
    agent("b").answer = { status: 500, body: { error } };
    await change({ fault: { delay: { time: "50ms" } } });
    await until("Partial");
    const told = await eventually(async () => {
      const { items } = await client.list(Event, { namespace });
      expect(items.some(({ reason }) => reason === "Failed")).toBe(true);
      return items.map(({ message }) => message);
    });
    const said = JSON.stringify([await status(), told]);
    expect(said).toContain("flower dst_ip <address> classid 7a00:2: exit code 2; <address>/128: no");
    expect(said).not.toMatch(/10\.[12]\.0|2001:db8|127\.0\.0\.1/);
    // Not as a hash of the address alone either, which anybody could compute for all addresses that there are.
    const { marks = [] } = (await status()).targets ?? {};
    const hash = (text: string) => createHash("sha256").update(text).digest("base64url").slice(0, 12);
    expect(marks.length).toBe(2);
    expect(marks).not.toContain(hash("10.2.0.1/32"));
    expect(marks).not.toContain(hash("/10.2.0.1/32"));
  });

  test("are sent once each, however they are written", async () => {
    await runPods("a");
    await runPod("web-1", { labels: { app: "web" }, ip: "10.2.0.1" });
    await runPod("web-2", { labels: { app: "web" }, ip: "2001:db8::1" });
    await createFault({
      targets: {
        cidrs: ["10.2.0.1", "10.3.4.5/16", "10.3.0.0/16", "2001:DB8:0::1/128"],
        pods: [{ selector: { matchLabels: { app: "web" } } }],
      },
    });
    await until("Applied");
    expect(cidrs("a")).toEqual(["10.2.0.1/32", "10.3.0.0/16", "2001:db8:0:0:0:0:0:1/128"]);
  });

  test("are no pods that have ended, whose addresses others may have, nor pods whose address is their node's", async () => {
    await runPods("a");
    await runPod("web-1", { labels: { app: "web" }, ip: "10.2.0.1" });
    await runPod("web-2", { labels: { app: "web" }, ip: "10.2.0.2" });
    await runPod("web-3", { labels: { app: "web" }, ip: "192.0.2.7", hostNetwork: true });
    await createFault({ targets: { pods: [{ selector: { matchLabels: { app: "web" } } }] } });
    await until("Applied");
    expect(cidrs("a")).toEqual(["10.2.0.1/32", "10.2.0.2/32"]);
    await client.patch(
      Pod,
      { namespace, name: "web-2" },
      { type: "merge", patch: { status: { phase: "Succeeded" } } },
      { subresource: "status" },
    );
    await eventually(() => expect(cidrs("a")).toEqual(["10.2.0.1/32"]));
  });

  test("without an address leave all traffic alone", async () => {
    await runPods("a");
    await createFault({ targets: { pods: [{ selector: { matchLabels: { app: "none" } } }] } });
    expect((await until("Pending")).conditions?.find(({ type }) => type === "Applied")).toMatchObject({ reason: "NoTargets" });
    expect(agent("a").requests).toEqual([]);
    await runPod("late", { labels: { app: "none" }, ip: "10.2.0.3" });
    await until("Applied");
    expect(cidrs("a")).toEqual(["10.2.0.3/32"]);
    await client.delete(Pod, { namespace, name: "late" }, { gracePeriodSeconds: 0 });
    await until("Pending");
    expect(holding()).toEqual([]);
  });
});

describe("targets beyond what a fault can have", () => {
  const cidrs = () => (agent("a").held[0]?.body as { targets?: { cidrs: string[] } } | undefined)?.targets?.cidrs;
  const many = Array.from({ length: 63 }, (_, index) => `192.0.2.${index}/32`);
  const applied = async () => (await status()).conditions?.find(({ type }) => type === "Applied");
  const targets = { cidrs: many, pods: [{ selector: { matchLabels: { app: "web" } } }] };
  const message = "the targets have 65 addresses, and a fault can have 64: name their network in cidrs";

  test("keep it from being set", async () => {
    await runPods("a");
    await runPod("web-1", { labels: { app: "web" }, ip: "10.2.0.1" });
    await runPod("web-2", { labels: { app: "web" }, ip: "10.2.0.2" });
    await createFault({ targets });
    await until("Pending");
    expect(await applied()).toMatchObject({ status: "False", reason: "TooManyTargets", message });
    expect(agent("a").requests).toEqual([]);
  });

  test("leave it in force for those that it had, also when its controller starts anew, and say so", async () => {
    await runPods("a");
    await runPod("web-2", { labels: { app: "web" }, ip: "10.2.0.2" });
    await createFault({ targets });
    await until("Applied");
    const before = cidrs();
    expect(before).toEqual(["10.2.0.2/32", ...many].sort());
    await runPod("web-1", { labels: { app: "web" }, ip: "10.2.0.1" });
    await until("Partial");
    expect(await applied()).toMatchObject({ status: "False", reason: "TooManyTargets", message: `1 of 1 pods have the fault; ${message}` });
    expect(cidrs()).toEqual(before);
    await eventually(async () => {
      const { items } = await client.list(Event, { namespace });
      return items.some(({ reason, type }) => reason === "TooManyTargets" && type === "Warning");
    });
    const asked = agent("a").requests.length;
    await restart({});
    await eventually(() => agent("a").requests.length > asked);
    expect(cidrs()).toEqual(before);
    expect(agent("a").requests).not.toContain("DELETE");
    await client.delete(Pod, { namespace, name: "web-2" }, { gracePeriodSeconds: 0 });
    await until("Applied");
    expect(cidrs()).toEqual(["10.2.0.1/32", ...many].sort());
  });
});

describe("targets that became too many while the fault was in force", () => {
  const many = Array.from({ length: 63 }, (_, index) => `192.0.2.${index}/32`);
  const targets = { cidrs: many, pods: [{ selector: { matchLabels: { app: "web" } } }] };
  const had = ["10.2.0.2/32", ...many].sort();
  const sent = (name: string) => (agent(name).bodies.at(-1) as { targets?: { cidrs: string[] } } | undefined)?.targets?.cidrs;
  const web = (name: string, ip: string) => runPod(name, { labels: { app: "web" }, ip });

  test("are those that it had also after every agent failed, and after its only pod was away", async () => {
    await runPods("a");
    await web("web-2", "10.2.0.2");
    await createFault({ targets });
    await until("Applied");
    await web("web-1", "10.2.0.1");
    await until("Partial");
    agent("a").answer = { status: 500, body: { error: "out of order" } };
    await change({ fault: { delay: { time: "50ms" } } });
    await until("Failed");
    agent("a").answer = undefined;
    await until("Partial");
    expect(agent("a").faults).toEqual([{ delay: { time: "50ms" }, targets: { cidrs: had } }]);
    await client.delete(Pod, { namespace, name: "a" }, { gracePeriodSeconds: 0 });
    await until("Pending");
    const asked = agent("a").bodies.length;
    await runPods("a");
    await until("Partial");
    expect(agent("a").bodies.length).toBeGreaterThan(asked);
    expect(sent("a")).toEqual(had);
  });

  test("are none where the spec asks for others, be it while no controller looks: those are not what it had", async () => {
    await runPods("a");
    await web("web-1", "10.2.0.1");
    await web("web-2", "10.2.0.2");
    await createFault({ targets: { cidrs: many } });
    await until("Applied");
    await change({ targets });
    await until("Pending");
    expect((await status()).conditions?.find(({ type }) => type === "Applied")).toMatchObject({ reason: "TooManyTargets" });
    expect(agent("a").requests).toEqual(["PUT", "DELETE"]);

    await change({ targets: { cidrs: many, pods: null } });
    await until("Applied");
    await running.stop();
    await change({ targets });
    running = await startController();
    await until("Pending");
    expect(holding()).toEqual([]);
    expect(agent("a").bodies.map((body) => (body as { targets: { cidrs: string[] } }).targets.cidrs)).toEqual(
      [many, many].map((one) => [...one].sort()),
    );
  });

  test("are told of once, however often an agent fails meanwhile", async () => {
    await runPods("a", "b");
    await web("web-2", "10.2.0.2");
    await createFault({ targets });
    await until("Applied");
    const { length } = agent("b").requests;
    agent("b").answer = { status: 500, body: { error: "out of order" } };
    await web("web-1", "10.2.0.1");
    await change({ fault: { delay: { time: "50ms" } } });
    await eventually(() => agent("b").requests.length > length + 3);
    agent("b").answer = undefined;
    await eventually(() => expect(agent("b").faults).toEqual([{ delay: { time: "50ms" }, targets: { cidrs: had } }]));
    const told = await eventually(async () => {
      const { items } = await client.list(Event, { namespace });
      const again = items.find(({ reason, message }) => reason === "Applied" && message?.endsWith(" on b"));
      return again && items.filter(({ reason }) => reason === "TooManyTargets");
    });
    expect(told.map(({ count }) => count)).toEqual([1]);
  });
});

describe("a spec", () => {
  test("is refused by the API server with the field and the reason", async () => {
    const refused = (spec: object) =>
      createFault(spec).then(
        () => "accepted",
        (error: Error) => error.message,
      );
    expect(await refused({ mode: "fixed" })).toMatch(/spec.value.*modes fixed and percent need a value/);
    expect(await refused({ mode: "percent", value: 101 })).toMatch(/a percentage is at most 100/);
    expect(await refused({ mode: "some" })).toMatch(/spec.mode: Unsupported value: "some"/);
    expect(await refused({ duration: "soon" })).toMatch(/spec.duration/);
    expect(await refused({ duration: "10ms" })).toMatch(/a run lasts at least 1s/);
    expect(await refused({ schedule: "* * * * *" })).toMatch(/a schedule needs a duration/);
    expect(await refused({ timeZone: "Asia/Shanghai" })).toMatch(/a time zone goes with a schedule/);
    expect(await refused({ targets: {} })).toMatch(/spec.targets/);
    expect(await refused({ fault: {} })).toMatch(/spec.fault.*at least one of delay/);
    expect(await refused({ fault: { delay: { time: "soon" } } })).toMatch(/spec.fault.delay.time/);
    expect(await refused({ fault: { loss: { random: { percent: 101 } } } })).toMatch(/spec.fault.loss.random.percent/);
    expect(await refused({ fault: { loss: { random: { percent: 1 }, gemodel: { p: 1 } } } })).toMatch(/spec.fault.loss/);
    expect(await refused({ fault: { reorder: { percent: 5 }, partition: true } })).toMatch(/reorder needs a delay/);
    expect(await refused({ fault: { delay: { time: "1ms", distribution: "normal" } } })).toMatch(/those of a jitter/);
    expect(await refused({ fault: { partition: false } })).toMatch(/spec.fault.partition/);
  });

  test("that only the controller can judge is Invalid, with the reason, and no agent is asked", async () => {
    await runPods("a");
    await createFault({ schedule: "61 * * * *", duration: "5m" });
    const { conditions } = await until("Invalid");
    expect(conditions?.find(({ type }) => type === "Accepted")).toMatchObject({
      status: "False",
      message: "spec.schedule: end of range (61) above maximum (59): 61",
    });
    expect(agent("a").requests).toEqual([]);
  });

  test("with a selector that cannot be read is Invalid, and pods may still come", async () => {
    await createFault({ selector: { matchExpressions: [{ key: "app", operator: "In" }] } });
    expect((await until("Invalid")).conditions?.find(({ type }) => type === "Accepted")?.message).toMatch(
      /^spec\.selector\.matchExpressions\[0\]\.values: Required value/,
    );
    await runPods("a");
    await change({ selector: { matchExpressions: [{ key: "app", operator: "Exists" }] } });
    await until("Applied");
  });

  test("that an agent would refuse is Invalid in the agent's words, and no agent is asked", async () => {
    await runPods("a");
    await createFault({ fault: { delay: { time: "300s" } }, targets: { cidrs: ["10.0.0.0/40"] } });
    const { conditions } = await until("Invalid");
    expect(conditions?.find(({ type }) => type === "Accepted")?.message).toMatch(
      /^spec\.fault\.delay\.time is too long: .*; spec\.targets\.cidrs\[0\] is not allowed here: /,
    );
    expect(agent("a").requests).toEqual([]);
  });

  test("has no effect on pods that are on their node's network", async () => {
    await runPod("a", { hostNetwork: true });
    await createFault({});
    const { conditions } = await until("Pending");
    expect(conditions?.find(({ type }) => type === "Applied")?.message).toBe("1 on the network of their node cannot have a fault");
    expect(agent("a").requests).toEqual([]);
  });
});
