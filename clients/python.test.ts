import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigMap, CustomResourceDefinition, Event } from "@outrigger/kit/kinds";
import { defineResource, t } from "@outrigger/kit/schema";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheFolder, here, run, type Stage, start, startStage } from "./parts.ts";

const folder = join(here, "python");
const bin = join(cacheFolder("python"), "bin");
let stage: Stage;

beforeAll(async () => {
  const requirements = join(folder, "requirements.txt");
  const installed = join(bin, "installed-requirements.txt");
  if (!existsSync(installed) || readFileSync(installed, "utf8") !== readFileSync(requirements, "utf8")) {
    await run("python3", ["-m", "venv", "--clear", cacheFolder("python")]);
    await run(join(bin, "pip"), ["install", "--quiet", "--requirement", requirements]);
    writeFileSync(installed, readFileSync(requirements));
  }
  stage = await startStage();
}, 600_000);
afterAll(() => stage?.close());

test("Python's kubernetes client works as with a real cluster", async () => {
  const output = await run(join(bin, "python"), ["client.py"], { cwd: folder, env: { KUBECONFIG: stage.kubeconfigFile } });
  expect(output).toContain("all as expected");
});

const Counter = defineResource({
  group: "clients.outrigger.dev",
  version: "v1",
  kind: "Counter",
  spec: t.Object({ value: t.Integer() }),
  status: t.Object({ create: t.Object({ seen: t.Integer() }), changed: t.String() }),
});

test("an operator in kopf follows its kind: creation, change, deletion", async () => {
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "counters.clients.outrigger.dev" },
    spec: {
      group: "clients.outrigger.dev",
      names: { kind: "Counter", plural: "counters" },
      scope: "Namespaced",
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  };
  await stage.client.create(CustomResourceDefinition, definition as never);
  const operator = start(join(bin, "kopf"), ["run", "--standalone", "--namespace", "default", "counters.py"], {
    cwd: folder,
    env: { KUBECONFIG: stage.kubeconfigFile },
  });
  try {
    const key = { namespace: "default", name: "one" };
    await eventually(() =>
      stage.client.create(Counter, { apiVersion: "clients.outrigger.dev/v1", kind: "Counter", metadata: key, spec: { value: 1 } }),
    );
    const status = async (): Promise<unknown> => (await stage.client.get(Counter, key)).status;
    await eventually(async () => expect(await status()).toMatchObject({ create: { seen: 1 } }), { what: "kopf saw the creation" });
    await stage.client.patch(Counter, key, { type: "merge", patch: { spec: { value: 2 } } });
    await eventually(async () => expect(await status()).toMatchObject({ changed: "1 to 2" }), { what: "kopf saw the change" });
    await stage.client.delete(Counter, key);
    await eventually(async () => (await stage.client.get(ConfigMap, { namespace: "default", name: "one-gone" })) !== undefined, {
      what: "kopf saw the deletion",
    });
    await eventually(() =>
      stage.client.get(Counter, key).then(
        () => false,
        (error: { reason?: string }) => error.reason === "NotFound",
      ),
    );
    await eventually(
      async () => {
        const { items } = await stage.client.list(Event, { namespace: "default" });
        return items.some((event) => event.involvedObject?.kind === "Counter" && event.reason === "Counted");
      },
      { what: "kopf's events" },
    );
  } catch (error) {
    throw new Error(operator.output().slice(-4000), { cause: error });
  } finally {
    await operator.stop();
  }
});
