import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigMap, Event, Job, PersistentVolumeClaim, StatefulSet } from "@outrigger/kit/kinds";
import { afterAll, beforeAll, expect, test } from "vitest";
import { here, run, type Stage, start, startStage } from "./parts.ts";

// A real Helm, built once per machine by the tool beside the repository.
const builder = join(here, "../../shared/realcluster/helm");
let helm = process.env["HELM"] ?? "";
let stage: Stage;
beforeAll(async () => {
  if (helm === "") {
    if (!existsSync(builder)) throw new Error("no Helm: name one with HELM");
    helm = (await run(builder, [])).trim().split("\n").at(-1)!;
  }
  stage = await startStage();
}, 600_000);
afterAll(() => stage?.close());

const chart = join(here, "chart");
const environment = (): Record<string, string> => ({
  KUBECONFIG: stage.kubeconfigFile,
  HELM_CACHE_HOME: stage.folder,
  HELM_DATA_HOME: stage.folder,
});
const call = (...args: string[]): Promise<string> => run(helm, args, { env: environment() });
const waiting = ["--wait", "--timeout", "60s"];

const greeting = async (): Promise<string | undefined> =>
  ((await stage.client.get(ConfigMap, { namespace: "default", name: "shop" })) as { data?: Record<string, string> } | undefined)?.data?.[
    "greeting"
  ];
const ready = async (): Promise<unknown> => {
  const set = await stage.client.get(StatefulSet, { namespace: "default", name: "shop" });
  const { readyReplicas, updatedReplicas } = set.status ?? {};
  return { readyReplicas, updatedReplicas };
};
/** The Jobs of hooks that ran, by the events of their pods' creation: those that succeeded are deleted. */
const hooksThatRan = async (): Promise<string[]> => {
  const { items } = await stage.client.list(Event, { namespace: "default" });
  const found = items.filter((event) => event.reason === "Completed" && event.involvedObject?.kind === "Job");
  return [...new Set(found.map((event) => event.involvedObject!.name!))].sort();
};

test("a release is installed, upgraded, rolled back, tested and uninstalled, with its hooks, and its claim stays", async () => {
  await call("install", "shop", chart, ...waiting);
  expect(await greeting()).toBe("hello");
  expect(await ready()).toEqual({ readyReplicas: 1, updatedReplicas: 1 });
  expect(await hooksThatRan()).toEqual(["shop-post-install", "shop-pre-install"]);
  expect((await stage.client.list(Job, { namespace: "default" })).items.map(({ metadata }) => metadata.name)).toEqual([
    "shop-post-install",
  ]);

  await call("upgrade", "shop", chart, "--set", "replicas=2,greeting=servus", ...waiting);
  expect(await greeting()).toBe("servus");
  expect(await ready()).toEqual({ readyReplicas: 2, updatedReplicas: 2 });

  await call("rollback", "shop", "1", ...waiting);
  expect(await greeting()).toBe("hello");
  expect(await ready()).toEqual({ readyReplicas: 1, updatedReplicas: 1 });
  const history = JSON.parse(await call("history", "shop", "-o", "json")) as { revision: number; status: string; description: string }[];
  expect(history.map(({ revision, status, description }) => [revision, status, description])).toEqual([
    [1, "superseded", "Install complete"],
    [2, "superseded", "Upgrade complete"],
    [3, "deployed", "Rollback to 1"],
  ]);
  expect(await hooksThatRan()).toEqual(
    ["post-install", "post-upgrade", "pre-install", "pre-rollback", "pre-upgrade"].map((hook) => `shop-${hook}`),
  );

  expect(await call("test", "shop", "--timeout", "60s")).toMatch(/TEST SUITE:\s+shop-test[\s\S]*Phase:\s+Succeeded/);

  await call("uninstall", "shop", ...waiting);
  expect(await greeting().catch((error: Error & { reason?: string }) => error.reason)).toBe("NotFound");
  expect(await hooksThatRan()).toContain("shop-post-delete");
  const claims = (await stage.client.list(PersistentVolumeClaim, { namespace: "default" })).items;
  expect(claims.map(({ metadata }) => metadata.name)).toEqual(["data-shop-0", "data-shop-1"]);
  expect(JSON.parse(await call("list", "--all", "-o", "json"))).toEqual([]);
});

test("a manifest that the API server refuses fails the install with the server's words", async () => {
  const failing = start(helm, ["install", "broken", chart, "--set", "replicas=-1"], { env: environment() });
  expect(await failing.ended).toBe(1);
  expect(failing.output()).toContain(
    'StatefulSet.apps "broken" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  );
});
