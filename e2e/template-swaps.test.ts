// A template that is written a hundred times in a row while pods are made without end.
import { StatusError } from "@outrigger/kit/client";
import { ConfigMap, Namespace, Pod } from "@outrigger/kit/kinds";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outrigger, startOutrigger } from "./outrigger.ts";

const SWAPS = 100;
const LANES = 4;
const LONG = { timeoutMs: 60_000, intervalMs: 10 };
const SYSTEM = "outrigger-system";

let it: Outrigger;
beforeAll(async () => {
  it = await startOutrigger();
});
afterAll(() => it?.stop());

const text = (version: number): string => `containers: [{name: proxy, image: "proxy:${version}"}]\n`;
const write = (content: string): Promise<unknown> =>
  it.cluster.client.apply(
    ConfigMap,
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace: SYSTEM, name: "proxy", labels: { "outrigger.dev/injection-template": "true" } },
      data: { "sidecarconfig.yaml": content },
    },
    { fieldManager: "swaps", force: true },
  );

/** Makes pods one after another in each lane; keeps which version each got, in the order in which they were asked for. */
class Load {
  readonly failed: string[] = [];
  readonly #versions = new Map<number, number>();
  newest = 0;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();

  start(): this {
    this.#running = Promise.all(Array.from({ length: LANES }, (_, lane) => this.#lane(lane)));
    return this;
  }
  async stop(): Promise<ReadonlyMap<number, number>> {
    this.#stopped = true;
    await this.#running;
    return this.#versions;
  }
  async #lane(lane: number): Promise<void> {
    while (!this.#stopped) {
      // What some pod had before this one was asked for is the least that this one may have.
      const least = this.newest;
      const version = await made(lane).catch((error: Error) => void this.failed.push(error.message));
      if (version === undefined) continue;
      if (version < least) this.failed.push(`version ${version} after ${least} was seen`);
      this.newest = Math.max(this.newest, version);
      this.#versions.set(version, (this.#versions.get(version) ?? 0) + 1);
    }
  }
}

/** The version of the template in a pod that is made. */
async function made(lane: number): Promise<number> {
  const pod = await it.cluster.client.create(
    Pod,
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace: "swaps", name: `web-${lane}` },
      spec: { containers: [{ name: "web", image: "web" }] },
    } as never,
    { dryRun: true },
  );
  const { containers } = pod.spec as unknown as { containers: { name: string; image: string }[] };
  const [, version] = /^proxy:(\d+)$/.exec(containers[1]?.image ?? "") ?? [];
  if (version === undefined || containers.length !== 2) throw new Error(`containers ${containers.map(({ name }) => name).join(" ")}`);
  return Number(version);
}

/** Past the webhook that judges templates: the manager puts its configuration right, and in between a bad one gets in. */
async function writeUnjudged(content: string): Promise<void> {
  const kind = "validatingwebhookconfiguration/outrigger-templates";
  await eventually(async () => {
    await it.kubectl.try("delete", kind, "--ignore-not-found");
    await write(content);
    return true;
  }, LONG);
}

test("each of a hundred versions comes into force, no pod is refused or left out, and a bad one leaves the last good one in force", async () => {
  await it.cluster.client.create(Namespace, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "swaps", labels: { "sidecar-injection": "enabled" } },
  });
  await write(text(0));
  await eventually(async () => (await made(0)) === 0, LONG);
  const load = new Load().start();
  for (let version = 1; version <= SWAPS; version++) {
    if (version % 10 === 5) {
      const refused = await write('containers: [{name: proxy, image: "proxy:bad", ports: http}]\n').catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(StatusError);
      expect((refused as Error).message).toMatch(/line 1, column \d+/);
    }
    if (version % 50 === 25) {
      // A line of its own, by which the Event is known.
      await writeUnjudged(`${"\n".repeat(version)}containers: [{name: proxy, image: 7}]\n`);
      await eventually(
        async () => (await it.kubectl("get", "events", "-A", "-o", "jsonpath={.items[*].message}")).includes(`proxy:${version + 1}:`),
        LONG,
      );
      expect(load.newest).toBe(version - 1);
    }
    await write(text(version));
    await eventually(() => load.newest === version, LONG);
  }
  const versions = await load.stop();
  expect(load.failed).toEqual([]);
  expect([...versions.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: SWAPS + 1 }, (_, version) => version));
}, 300_000);
