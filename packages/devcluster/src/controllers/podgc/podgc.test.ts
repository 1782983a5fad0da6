import { informers as makeInformers } from "@outrigger/kit/cache";
import { connect } from "@outrigger/kit/client";
import { silentLog } from "@outrigger/kit/controller";
import { expect, it, vi } from "vitest";
import { Node, Pod } from "../../objects/index.ts";
import { startDevcluster } from "../../start.ts";
import { addSharedIndexes } from "../indexes.ts";
import { podCollector } from "./podgc.ts";

it("pods on a node that is gone are collected, others are not", async () => {
  const cluster = await startDevcluster({ bare: true });
  const client = connect(cluster.transport(), { onWarning: () => {} });
  const informers = makeInformers(client);
  addSharedIndexes(informers);
  const loop = podCollector(200)({
    client,
    informers,
    log: silentLog,
    reporter: (() => {}) as never,
    rootCa: undefined,
    signer: undefined,
  });
  informers.start();
  try {
    await loop.ready;
    const pod = (name: string, nodeName: string): never =>
      ({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: "default" },
        spec: { nodeName, containers: [{ name: "c", image: "i" }] },
      }) as never;
    await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "there" } } as never);
    await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "leaving" } } as never);
    for (const [name, node] of [
      ["kept", "there"],
      ["stray", "nowhere"],
      ["left", "leaving"],
    ] as const)
      await client.create(Pod, pod(name, node));
    await vi.waitFor(async () => expect(await client.find(Pod, { namespace: "default", name: "stray" })).toBeUndefined(), {
      timeout: 10_000,
    });
    expect(await client.find(Pod, { namespace: "default", name: "left" })).toBeDefined();
    await client.delete(Node, { name: "leaving" });
    await vi.waitFor(async () => expect(await client.find(Pod, { namespace: "default", name: "left" })).toBeUndefined(), {
      timeout: 10_000,
    });
    expect(await client.find(Pod, { namespace: "default", name: "kept" })).toBeDefined();
  } finally {
    await loop.stop();
    await informers.stop();
    await client.close();
    await cluster.close();
  }
});
