import { expect, test } from "vitest";
import { startApiServer } from "../../test/api-server.ts";
import { connect } from "../client/index.ts";
import { EventCorrelator } from "./event-correlator.ts";
import { eventRecorder } from "./index.ts";

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

test("an object that reports too much is cut off after 25, then heard once in five minutes; others are heard", () => {
  let now = 0;
  const correlator = new EventCorrelator(() => now);
  const heard = (): boolean => correlator.take(event("same")) !== undefined;
  expect(Array.from({ length: 40 }, heard).filter(Boolean)).toHaveLength(25);
  expect(correlator.take(event("same", "other"))).toBeDefined();
  now += 300_000;
  expect([heard(), heard()]).toEqual([true, false]);
});
