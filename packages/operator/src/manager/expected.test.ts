import { describe, expect, test } from "vitest";
import { ExpectedWrites } from "./expected.ts";

const set = (image: string, more: object = {}, metadata: object = {}) => ({
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
  metadata: { name: "logs", ...metadata },
  spec: { selector: { matchLabels: { app: "web" } }, containers: [{ name: "logs", image }] },
  ...more,
});
/** Long enough that only what the cache shows can end a wait. */
const PATIENT_MS = 60_000;

describe("waiting for a write of a set", () => {
  test("ends when the cache shows what was written", async () => {
    const writes = new ExpectedWrites(PATIENT_MS);
    expect(writes.settled()).toBeUndefined();
    writes.expect(set("agent:1"), undefined);
    const waiting = writes.settled();
    writes.seen(set("agent:1", {}, { uid: "1", generation: 1, resourceVersion: "7", managedFields: [] }));
    await waiting;
    expect(writes.settled()).toBeUndefined();
  });

  test("goes on while the cache shows the set as it was, with another status", async () => {
    const writes = new ExpectedWrites(PATIENT_MS);
    writes.expect(set("agent:2"), set("agent:1"));
    let over = false;
    const waiting = writes.settled()?.then(() => (over = true));
    writes.seen(set("agent:1", { status: { matchedPods: 3 } }, { resourceVersion: "8" }));
    await new Promise(setImmediate);
    expect(over).toBe(false);
    expect(writes.settled()).toBeDefined();
    writes.seen(set("agent:2", { status: { matchedPods: 3 } }, { resourceVersion: "9" }));
    await waiting;
  });

  test("takes an annotation for a part of what was written", () => {
    const writes = new ExpectedWrites(PATIENT_MS);
    const annotated = set("agent:1", {}, { annotations: { "outrigger.dev/on-conflict": "replace" } });
    writes.expect(annotated, set("agent:1"));
    writes.seen(set("agent:1"));
    expect(writes.settled()).toBeDefined();
    writes.seen(annotated);
    expect(writes.settled()).toBeUndefined();
  });

  test("is for the last of several writes", async () => {
    const writes = new ExpectedWrites(PATIENT_MS);
    writes.expect(set("agent:2"), set("agent:1"));
    const waiting = writes.settled();
    writes.expect(set("agent:1"), set("agent:1"));
    writes.seen(set("agent:2"));
    expect(writes.settled()).toBeDefined();
    writes.seen(set("agent:1"));
    await waiting;
    expect(writes.settled()).toBeUndefined();
  });

  test("is left out where nothing changes, also where an earlier write never came and nobody waited for it", () => {
    const writes = new ExpectedWrites(0);
    writes.expect(set("agent:2"), set("agent:1"));
    writes.expect(set("agent:1"), set("agent:1"));
    expect(writes.settled()).toBeUndefined();
  });

  test("is left out where nothing changes, and ends when the write never comes", async () => {
    const writes = new ExpectedWrites(20);
    writes.expect(set("agent:1"), set("agent:1", { status: {} }));
    expect(writes.settled()).toBeUndefined();
    writes.expect(set("agent:2"), set("agent:1"));
    await writes.settled();
    expect(writes.settled()).toBeUndefined();
  });
});
