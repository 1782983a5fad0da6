// Whoever reaches the webhooks' port can send a review. None of it may stop, delay or change anything.
import { eventually } from "@outrigger/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { residentMib } from "../bench/processes.ts";
import { type Outrigger, startOutrigger } from "../e2e/outrigger.ts";
import { creation, type Flood, type FloodOptions, type Forger, forgerFor, sidecarSet } from "./forger.ts";

const VALIDATE = "/validate-apps-kruise-io-sidecarset";
const MUTATE = "/mutate--v1-pod";
let it: Outrigger;
let forge: Forger;
beforeAll(async () => {
  it = await startOutrigger();
  forge = await forgerFor(it.kubectl);
  await apply(sidecarSet("must", { matchLabels: { app: "must" } }));
  await eventually(async () => (await pod("warm-up", "must")) === "c-must main");
});
afterAll(async () => {
  await it?.stop();
  // Said where something failed: a manager that ended says why.
  if (it && failed) console.log(it.manager.output());
});
let failed = false;
afterEach(async ({ task }) => {
  for (const one of floods.splice(0)) await one.stop();
  failed ||= task.result?.state === "fail";
});

async function apply(...objects: object[]): Promise<void> {
  const { exitCode, stderr } = await it.kubectl.feed(objects.map((object) => JSON.stringify(object)).join("\n---\n"), "apply", "-f", "-");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
}
const podObject = (name: string, app: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", labels: { app } },
  spec: { containers: [{ name: "main", image: "busybox:1.36" }] },
});
/** Makes a pod with a client of its own; the names of its containers, or the refusal. */
async function pod(name: string, app: string): Promise<string> {
  const { Pod } = await import("@outrigger/kit/kinds");
  try {
    const made = await it.cluster.client.create(Pod, podObject(name, app) as never);
    return made.spec.containers.map((container) => container.name).join(" ");
  } catch (error) {
    return (error as Error).message;
  }
}
const entries = async (): Promise<{ generation: number; entries: { name: string; failurePolicy: string; text: string }[] }> => {
  const object = JSON.parse(await it.kubectl("get", "mutatingwebhookconfigurations", "outrigger-pods", "-o", "json"));
  return {
    generation: object.metadata.generation,
    entries: (object.webhooks ?? []).map((entry: { name: string; failurePolicy: string }) => ({ ...entry, text: JSON.stringify(entry) })),
  };
};
const memory = (): number => residentMib(it.manager.process.pid!);

const floods: Flood[] = [];
async function flood(options: FloodOptions): Promise<Flood> {
  const begun = await forge(options);
  floods.push(begun);
  return begun;
}
/** Under way: reviews were sent, and come back. */
const flowing = (one: Flood) => eventually(async () => (await one.counts()).sent > 60, { timeoutMs: 60_000 });

/** Makes pods one after the other; how long the slowest took, in milliseconds. */
async function podsDuring(name: string, count: number): Promise<{ results: Set<string>; slowest: number }> {
  const results = new Set<string>();
  let slowest = 0;
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    results.add(await pod(`${name}-${index}`, "must"));
    slowest = Math.max(slowest, performance.now() - start);
  }
  return { results, slowest };
}

describe("forged reviews of sets", () => {
  test("neither refuse nor miss a pod, and write one entry that harms nobody, however many come", async () => {
    const before = await entries();
    const forged = creation(sidecarSet("forged-{n}", { matchLabels: { "k{n}": "x".repeat(60) } }));
    const forging = await flood({ path: VALIDATE, bodies: forged, lanes: 16 });
    await flowing(forging);
    const { results, slowest } = await podsDuring("flooded", 30);
    expect(results).toEqual(new Set(["c-must main"]));
    expect(slowest).toBeLessThan(5_000);
    // A set and its pod, as by one `kubectl apply`, meet each other under the flood too.
    await apply(sidecarSet("honest", { matchLabels: { app: "honest" } }));
    expect(await pod("honest", "honest")).toBe("c-honest main");
    const { answers, sent } = await forging.counts();
    expect(answers.get(200), `${sent} sent`).toBeGreaterThan(30);
    const after = await entries();
    expect(after.entries.filter(({ text }) => text.includes("forged") || /'k\d+'/.test(text))).toEqual([]);
    expect(after.entries.find(({ name }) => name.startsWith("wide."))).toMatchObject({ failurePolicy: "Ignore" });
    // One for the forged ones, and for the honest set.
    expect(after.generation - before.generation).toBeLessThanOrEqual(3);
  });

  test("with a huge selector leave room for honest sets, and so does such a set that is stored", async () => {
    const huge = sidecarSet("huge", {
      matchExpressions: [{ key: "app", operator: "In", values: Array.from({ length: 20_000 }, (_, index) => `value-${index}`) }],
    });
    const forging = await flood({ path: VALIDATE, bodies: creation(huge), lanes: 2 });
    await eventually(async () => (await forging.counts()).sent > 4);
    await apply(sidecarSet("small", { matchLabels: { app: "small" } }));
    expect(await pod("small", "small")).toBe("c-small main");
    await it.kubectl.feed(JSON.stringify(huge), "create", "-f", "-");
    await apply(sidecarSet("late", { matchLabels: { app: "late" } }));
    expect(await pod("late", "late")).toBe("c-late main");
    expect(await pod("in-huge", "value-7")).toBe("c-huge main");
    await it.kubectl("delete", "sidecarset", "huge");
  });
});

test("forged reviews of pods in namespaces that do not exist leave honest pods alone", async () => {
  const forged = creation(podObject("forged", "must"), { namespace: "none-{n}" });
  await flowing(await flood({ path: MUTATE, bodies: forged, lanes: 16 }));
  const { results, slowest } = await podsDuring("in-known", 20);
  expect(results).toEqual(new Set(["c-must main"]));
  expect(slowest).toBeLessThan(5_000);
});

test("connections that hold almost 7 MiB each, or say nothing, cost little memory and no pod", async () => {
  const before = memory();
  const head = `POST ${MUTATE} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 7340000\r\n\r\n`;
  const begun = [
    await flood({ connections: 100, say: { text: head, padding: 7_200_000 } }),
    await flood({ connections: 100 }),
    await flood({ connections: 50, say: { text: `POST ${MUTATE} HTTP/1.1\r\nhost:` } }),
  ];
  let most = 0;
  for (let round = 0; round < 10; round++) {
    const { results } = await podsDuring(`held-${round}`, 2);
    expect(results).toEqual(new Set(["c-must main"]));
    most = Math.max(most, memory());
  }
  // 64 MiB of bodies, the same again in the hands of TLS and the collector, and the connections.
  expect(most - before).toBeLessThan(400);
  for (const one of begun) await one.stop();
  await eventually(() => memory() - before < 300, { timeoutMs: 60_000 });
});

test("a template that takes long to read keeps no pod waiting for long", async () => {
  const annotations = Array.from({ length: 7000 }, (_, index) => `  example.com/k${index}: "v"`).join("\n");
  await it.kubectl.feed(
    JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "long", namespace: "outrigger-system", labels: { "outrigger.dev/injection-template": "" } },
      data: { "sidecarconfig.yaml": `annotations:\n${annotations}\n` },
    }),
    "create",
    "-f",
    "-",
  );
  const { results, slowest } = await podsDuring("reading", 10);
  expect(results).toEqual(new Set(["c-must main"]));
  expect(slowest).toBeLessThan(5_000);
  await it.kubectl("-n", "outrigger-system", "delete", "configmap", "long");
});

test("afterwards all is as before", async () => {
  expect((await podsDuring("after", 5)).results).toEqual(new Set(["c-must main"]));
  expect(it.manager.process.exitCode).toBeNull();
});
