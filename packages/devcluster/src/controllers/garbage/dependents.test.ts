import type { Resource } from "@outrigger/kit/api";
import { type Client, connect, dynamicResource, type Transport } from "@outrigger/kit/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startDevcluster } from "../../start.ts";
import { CONTROL_LOOPS, startControllers } from "../start.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
const Secret = dynamicResource("v1", "Secret", "secrets", "Namespaced");

/** Watches of Secrets tell nothing while it is closed. */
class Gate {
  #closed: PromiseWithResolvers<void> | undefined;
  close(): void {
    this.#closed = Promise.withResolvers();
  }
  open(): void {
    this.#closed?.resolve();
    this.#closed = undefined;
  }
  over(transport: Transport): Transport {
    const lines = async function* (this: Gate, all: AsyncIterable<string>) {
      for await (const line of all) {
        await this.#closed?.promise;
        yield line;
      }
    }.bind(this);
    return {
      async request(request) {
        const response = await transport.request(request);
        if (!/\/secrets\?.*watch=/.test(request.path)) return response;
        return { ...response, text: () => response.text(), lines: () => lines(response.lines()) };
      },
      close: () => transport.close(),
    };
  }
}

const secrets = new Gate();
let client: Client;
let stop = async (): Promise<void> => {};
beforeAll(async () => {
  const cluster = await startDevcluster({ controllers: false });
  client = connect(cluster.transport());
  const slow = connect(secrets.over(cluster.transport()));
  const loops = await startControllers(slow, {
    loops: Object.fromEntries(CONTROL_LOOPS.map((name) => [name, name === "garbagecollector"])),
  });
  stop = async () => {
    secrets.open();
    await loops.stop();
    await slow.close();
    await client.close();
    await cluster.close();
  };
});
afterAll(() => stop());

const namespace = "default";
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; !(await condition()); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (performance.now() > end) throw new Error(`not in 10 s: ${condition}`);
}
const gone = async (resource: Resource, name: string) => (await client.find(resource, { namespace, name })) === undefined;
const owner = (name: string) => client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } });
const dependent = (name: string, uid: string, ownerName: string) =>
  client.create(Secret, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      namespace,
      ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: ownerName, uid, controller: true, blockOwnerDeletion: true }],
    },
  });
/** Whatever the collector was going to do about what it saw so far, it did: it takes things in order, several at a time. */
async function settled(): Promise<void> {
  for (const name of ["first", "second"]) {
    await dependent(name, `of-nobody-${name}`, "nobody");
    await until(() => gone(Secret, name));
  }
}

describe("a dependent that the collector has not seen yet, since its watch is behind,", () => {
  test("is let go by a deletion that orphans", async () => {
    await settled();
    secrets.close();
    const { metadata } = await owner("orphaner");
    await dependent("unseen", metadata.uid, "orphaner");
    await client.delete(ConfigMap, { namespace, name: "orphaner" }, { propagationPolicy: "Orphan" });
    await until(() => gone(ConfigMap, "orphaner"));
    secrets.open();
    await settled();
    const left = await client.find(Secret, { namespace, name: "unseen" });
    expect(left).toBeDefined();
    expect(left?.metadata.ownerReferences ?? []).toEqual([]);
  });

  test("is waited for by a deletion in the foreground", async () => {
    await settled();
    secrets.close();
    const { metadata } = await owner("waiter");
    await dependent("waited-for", metadata.uid, "waiter");
    await client.delete(ConfigMap, { namespace, name: "waiter" }, { propagationPolicy: "Foreground" });
    await until(async () => (await gone(Secret, "waited-for")) || (await gone(ConfigMap, "waiter")));
    expect(await gone(ConfigMap, "waiter")).toBe(false);
    secrets.open();
    await until(() => gone(ConfigMap, "waiter"));
  });
});
