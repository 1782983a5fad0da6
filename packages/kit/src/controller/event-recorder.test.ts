import { describe, expect, test } from "vitest";
import { type Interception, refuse, startApiServer, until } from "../../test/api-server.ts";
import { connect } from "../client/index.ts";
import { FakeClock } from "../queue/index.ts";
import { EventCorrelator } from "./event-correlator.ts";
import { eventRecorder, type Log, silentLog } from "./index.ts";

const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "default", uid: "u", resourceVersion: "7" } };

test("writes an event about its object, and counts the same one up", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const recorder = eventRecorder(client, { component: "me" });
  recorder.event(pod, "Made", "made it");
  recorder.event(pod, "Made", "made it");
  recorder.event(pod, "Broke", "oh", { type: "Warning" });
  await recorder.flushed();
  const events = server.objects("events");
  expect(events).toHaveLength(2);
  expect(events[0]).toMatchObject({
    involvedObject: { apiVersion: "v1", kind: "Pod", name: "p", namespace: "default", uid: "u" },
    reason: "Made",
    message: "made it",
    type: "Normal",
    count: 2,
    source: { component: "me" },
  });
  expect(events[0]?.metadata.name).toMatch(/^p\.[0-9a-f]{16}$/);
  expect(events[1]).toMatchObject({ type: "Warning", reason: "Broke", count: 1 });
  await client.close();
});

test("says on which node it was, and which part of the object it is about", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const recorder = eventRecorder(client, { component: "kubelet", host: "node-1" });
  recorder.event(pod, "Started", "started", { fieldPath: "spec.containers{main}" });
  await recorder.flushed();
  await recorder.stop();
  recorder.event(pod, "Late", "nobody listens");
  await recorder.flushed();
  const events = server.objects("events");
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    involvedObject: { fieldPath: "spec.containers{main}" },
    source: { component: "kubelet", host: "node-1" },
    reportingInstance: "node-1",
  });
  expect(events[0]).not.toHaveProperty("action");
  await client.close();
});

test("an event that cannot be written troubles nobody", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  server.interceptions.push((_, response) => {
    response.writeHead(403).end();
    return true;
  });
  const recorder = eventRecorder(client, { component: "me" });
  recorder.event(pod, "Made", "made it");
  await recorder.flushed();
  expect(server.requests).toHaveLength(1);
  await client.close();
});

describe("a write that may go through later", () => {
  const failures: readonly Interception[] = [
    (_, response) => {
      response.destroy();
      return true;
    },
    (_, response) => {
      refuse(response, 500, "InternalError", "the webhook is away");
      return true;
    },
    (_, response) => {
      refuse(response, 503, "ServiceUnavailable", "starting");
      return true;
    },
    (_, response) => {
      refuse(response, 429, "TooManyRequests", "later");
      return true;
    },
  ];

  test("is tried 12 times, 10 seconds apart, the first pause shortened by chance", async () => {
    await using server = await startApiServer();
    const client = connect({ text: server.kubeconfig() });
    const clock = new FakeClock();
    const recorder = eventRecorder(client, { component: "me", clock });
    server.interceptions.push((request, response) => {
      const tries = server.requests.length;
      return tries < 12 && failures[tries % failures.length]!(request, response);
    });
    recorder.event(pod, "Made", "made it");
    for (let tries = 1; tries < 12; tries++) {
      await until(() => clock.pending === 1);
      expect(server.requests).toHaveLength(tries);
      const pause = clock.untilNext!;
      if (tries === 1) expect(pause).toBeLessThanOrEqual(10_000);
      else expect(pause).toBe(10_000);
      clock.advance(pause);
    }
    await until(() => server.objects("events").length === 1);
    await client.close();
  });

  test("is given up after the twelfth try, and what waited behind it takes its turn", async () => {
    await using server = await startApiServer();
    const client = connect({ text: server.kubeconfig() });
    const clock = new FakeClock();
    const recorder = eventRecorder(client, { component: "me", clock });
    let tries = 0;
    server.interceptions.push((request, response) => request.body.includes("stubborn") && ++tries > 0 && failures[1]!(request, response));
    for (let i = 0; i < 4; i++) recorder.event(pod, "Made", `stubborn ${i}`);
    recorder.event(pod, "Made", "easy");
    for (let round = 1; round < 12; round++) {
      await until(() => clock.pending === 4);
      expect([tries, server.objects("events")]).toEqual([4 * round, []]);
      clock.advance(10_000);
    }
    await until(() => server.objects("events").length === 1);
    expect([tries, clock.pending]).toEqual([48, 0]);
    await client.close();
  });

  test("is one Event though the answer to the first try was lost, and counts up", async () => {
    await using server = await startApiServer();
    const client = connect({ text: server.kubeconfig() });
    const clock = new FakeClock();
    const recorder = eventRecorder(client, { component: "me", clock });
    let lost = false;
    server.interceptions.push(({ method, body }, response) => {
      if (method !== "POST" || lost) return false;
      lost = true;
      const event = JSON.parse(body) as { metadata: { name: string } };
      server.put(event.metadata.name, event, "default", "events");
      response.destroy();
      return true;
    });
    recorder.event(pod, "Made", "made it");
    await until(() => clock.pending === 1);
    clock.advance(10_000);
    recorder.event(pod, "Made", "made it");
    await until(() => server.objects("events")[0]?.["count"] === 2);
    expect(server.objects("events")).toHaveLength(1);
    await client.close();
  });

  test("keeps nobody who flushes or stops", async () => {
    await using server = await startApiServer();
    const client = connect({ text: server.kubeconfig() });
    const clock = new FakeClock();
    const recorder = eventRecorder(client, { component: "me", clock });
    server.interceptions.push(failures[0]!);
    for (let i = 0; i < 6; i++) recorder.event(pod, "Made", `made ${i}`);
    await recorder.flushed();
    await recorder.flushed();
    await recorder.stop();
    expect([server.requests.length, clock.pending]).toEqual([4, 0]);
    await client.close();
  });
});

test("who flushes waits for all that goes through, though one is to be tried again later", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const recorder = eventRecorder(client, { component: "me", clock: new FakeClock() });
  server.interceptions.push(({ body }, response) => {
    if (body.includes("stubborn")) refuse(response, 500, "InternalError", "the webhook is away");
    return body.includes("stubborn");
  });
  recorder.event(pod, "Made", "stubborn");
  // Side by side, and one after the other.
  for (let i = 0; i < 4; i++) for (const reason of ["A", "B", "C"]) recorder.event(pod, reason, "made it");
  await recorder.flushed();
  expect(server.objects("events").map(({ reason, count }) => [reason, count])).toEqual(["A", "B", "C"].map((reason) => [reason, 4]));
  await recorder.stop();
  await recorder.flushed();
  await client.close();
});

test("a server that asks to wait is asked once a try, and who stops does not wait for it, nor for an answer", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const clock = new FakeClock();
  const recorder = eventRecorder(client, { component: "me", clock });
  server.interceptions.push(({ body }, response) => {
    if (body.includes("busy")) refuse(response, 429, "TooManyRequests", "later", { "retry-after": "0" });
    return true;
  });
  recorder.event(pod, "Made", "busy");
  await until(() => clock.pending === 1);
  expect(server.requests).toHaveLength(1);
  recorder.event(pod, "Made", "never answered");
  await until(() => server.requests.length === 2);
  await recorder.stop();
  await client.close();
});

test("an error that is neither the server's nor the network's is not tried again", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  let tries = 0;
  const create = async () => {
    tries++;
    throw new TypeError("a bug");
  };
  const broken = new Proxy(client, {
    get: (target, name) => (name === "create" ? create : Reflect.get(target, name, target)),
  });
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (fields) => void warnings.push(fields) };
  const recorder = eventRecorder(broken, { component: "me", clock: new FakeClock(), log });
  recorder.event(pod, "Made", "made it");
  await recorder.flushed();
  expect([tries, warnings]).toEqual([1, [{ err: new TypeError("a bug") }]]);
  await client.close();
});

test("an Event about an object whose name it cannot have in its own has another", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const recorder = eventRecorder(client, { component: "me" });
  const names = ["n".repeat(253), "system:node"];
  for (const name of names) recorder.event({ ...pod, metadata: { name, namespace: "default" } }, "Made", "made it");
  await recorder.flushed();
  const events = server.objects("events") as unknown as { involvedObject: { name: string }; metadata: { name: string } }[];
  expect(events.map(({ involvedObject }) => involvedObject.name).sort()).toEqual(names);
  for (const { metadata } of events) expect(metadata.name).toMatch(/^[0-9a-f-]{36}$/);
  await client.close();
});

const event = (message: string, about = "p") => ({ about, type: "Normal", reason: "R", message });

test("events that differ in their message alone become one after ten of them, for ten minutes", () => {
  let now = 0;
  const correlator = new EventCorrelator(() => now);
  const keys = Array.from({ length: 12 }, (_, i) => correlator.take(event(`message ${i}`)));
  expect(new Set(keys.slice(0, 9).map((one) => one?.key)).size).toBe(9);
  expect(keys[9]?.message).toBe("(combined from similar events): message 9");
  expect(keys[10]?.key).toBe(keys[9]?.key);
  now += 600_001;
  expect(correlator.take(event("message 20"))?.message).toBe("message 20");
});

test("events of different parts of an object are different ones, and count as similar, and as too many, together", () => {
  const correlator = new EventCorrelator(() => 0);
  const of = (part: number, message = "same") => correlator.take({ ...event(message), fieldPath: `spec.containers{${part}}` });
  expect(of(1)?.key).not.toBe(of(2)?.key);
  expect(of(1)?.key).toBe(of(1)?.key);
  const keys = Array.from({ length: 12 }, (_, i) => of(i, `message ${i}`)?.key);
  expect(keys[11]).toBe(keys[10]);
  expect(Array.from({ length: 30 }, (_, i) => of(i)).filter(Boolean)).toHaveLength(25 - 16);
});

test("an object that reports too much is cut off after 25, then heard once in five minutes; others are heard", () => {
  let now = 0;
  const correlator = new EventCorrelator(() => now);
  const heard = (): boolean => correlator.take(event("same")) !== undefined;
  expect(Array.from({ length: 40 }, heard).filter(Boolean)).toHaveLength(25);
  expect(correlator.take(event("same", "other"))).toBeDefined();
  expect(correlator.take({ ...event("same"), type: "Warning" })).toBeDefined();
  now += 300_000;
  expect([heard(), heard()]).toEqual([true, false]);
});
