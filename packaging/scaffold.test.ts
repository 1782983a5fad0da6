// A project, from `init` to its first test, with nothing but what is published.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outside, outside } from "./outside.ts";
import { packAll } from "./pack.ts";
import { type Registry, startRegistry } from "./registry.ts";

let home: Outside;
let project: Outside;
let registry: Registry;

beforeAll(async () => {
  home = await outside();
  registry = await startRegistry(await packAll(join(home.folder, "tarballs")));
  const environment = { npm_config_registry: registry.url, npm_config_update_notifier: "false" };
  project = await outside(environment);
});
afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
  await registry?.[Symbol.asyncDispose]();
  await home?.[Symbol.asyncDispose]();
});

test("the first test passes in under 60 seconds after init", async () => {
  const start = performance.now();
  await project.run("npx", "--yes", "outrigger", "init", "--domain", "mock.com", "--name", "operator-demo");
  await project.run("npm", "install", "--no-audit", "--no-fund");
  await project.run("npx", "outrigger", "create", "api", "--group", "zhhnzw", "--version", "v1", "--kind", "CustomPod");
  expect(await project.run("npm", "test")).toContain("a CustomPod is reconciled");
  const seconds = (performance.now() - start) / 1000;
  console.log(`from init to the first passing test: ${seconds.toFixed(1)} s`);
  expect(seconds).toBeLessThan(60);
});

test("what create adds passes the type check, and what the owner wrote stays", async () => {
  const operator = join(project.folder, "src/operator.ts");
  const mine = (await readFile(operator, "utf8")).replace("export const controllers", "// mine: 42\nexport const controllers");
  await writeFile(operator, mine);
  await project.run(
    "npx",
    "outrigger",
    "create",
    "api",
    "--group",
    "net",
    "--version",
    "v1beta1",
    "--kind",
    "NetPolicy",
    "--cluster-scoped",
  );
  expect(await readFile(operator, "utf8")).toContain(
    "// mine: 42\nexport const controllers: readonly Controller[] = [customPods, netPolicies];",
  );
  await project.run("npx", "outrigger", "create", "webhook", "--group", "zhhnzw", "--version", "v1", "--kind", "CustomPod");
  await project.run("npx", "outrigger", "create", "webhook", "--group", "core", "--version", "v1", "--kind", "Pod", "--defaulting");
  await project.run("npx", "outrigger", "manifests");
  await project.run("npx", "outrigger", "lint");
  await project.run("npm", "run", "check");
  expect(await project.run("npm", "test")).toContain("a NetPolicy is reconciled");
});

test("nothing is overwritten", async () => {
  const again = project.run("npx", "outrigger", "create", "api", "--group", "net", "--version", "v1beta1", "--kind", "NetPolicy");
  await expect(again).rejects.toThrow("test/netpolicy.test.ts exist already: nothing was written");
});
