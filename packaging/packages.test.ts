// What is published, looked at and used as strangers do: from tarballs, in a folder outside the repository.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Outside, outside } from "./outside.ts";
import { type Packed, packAll } from "./pack.ts";

const PROGRAM = `
import { controller, defineResource, type Manager, manager, Pod, t } from "@outrigger/kit";
import { startTestCluster } from "@outrigger/testing";

const CustomPod = defineResource({
  group: "zhhnzw.mock.com", version: "v1", kind: "CustomPod",
  spec: t.Object({ replicas: t.Integer({ minimum: 0 }) }),
  status: t.Object({ replicas: t.Integer() }),
});
const customPods = controller(CustomPod).owns(Pod).reconcile(async ({ spec }, ctx) => {
  const replicas: number = spec.replicas;
  await ctx.status({ replicas });
});
const cluster = await startTestCluster({ bare: true });
const running: Manager = manager({ client: cluster.client, controllers: [customPods], log: false });
console.log(running.controllers.length, (await cluster.client.list(Pod)).items.length);
await cluster.close();
`;
/** A mistake that the types must find, so that "no errors" means something. */
const MISTAKE = `
import { defineResource, t } from "@outrigger/kit";
const Wrong = defineResource({ group: "a.example.com", version: "v1", kind: "Wrong", spec: t.Object({ size: t.Integer() }) });
export const wrong: typeof Wrong.kind = "Right";
`;

let project: Outside;
let packed: Packed[];

beforeAll(async () => {
  project = await outside();
  packed = await packAll(join(project.folder, "tarballs"));
  await project.write("package.json", JSON.stringify({ private: true, type: "module", allowScripts: { node: true } }));
  const tools = ["typescript@7.0.2", "ts5@npm:typescript@5.9.3", "@types/node@24.19.2", "publint@0.3.25", "@arethetypeswrong/cli@0.18.5"];
  await project.run("npm", "install", "--no-audit", "--no-fund", ...packed.map(({ file }) => file), ...tools);
  await project.write("program.ts", PROGRAM);
  await project.write("mistake.ts", MISTAKE);
});
afterAll(() => project?.[Symbol.asyncDispose]());

const manifest = async (name: string) =>
  JSON.parse(await readFile(join(project.folder, "node_modules", name, "package.json"), "utf8")) as Record<string, unknown>;

test("each package says whose it is, where it comes from and what it needs, and brings its licence and README", async () => {
  expect(packed.map(({ name }) => name)).toContain("@outrigger/kit");
  for (const { name } of packed) {
    const { license, repository, engines, description, exports } = await manifest(name);
    expect({ name, license, repository: typeof repository, engines: typeof engines, description: typeof description }).toEqual({
      name,
      license: "Apache-2.0",
      repository: "object",
      engines: "object",
      description: "string",
    });
    expect(JSON.stringify(exports ?? {})).not.toContain('"source"');
    const folder = join(project.folder, "node_modules", name);
    expect(await readFile(join(folder, "README.md"), "utf8")).toContain(`# ${name}\n`);
    expect(await readFile(join(folder, "LICENSE"), "utf8")).toContain("Apache License");
  }
});

test("no package holds sources, tests, source maps or build state", async () => {
  for (const { file } of packed) {
    const files = (await project.run("tar", "-tzf", file)).trim().split("\n");
    // What `outrigger init` writes has its sources in src/ too: they are templates, `.ts.tmpl`.
    const own = files.filter((one) => !one.startsWith("package/templates/"));
    expect(files.filter((one) => /\.map$|\.tsbuildinfo$|(?<!\.d)\.ts$/.test(one))).toEqual([]);
    expect(own.filter((one) => /\.test\.|\/src\//.test(one))).toEqual([]);
  }
});

test("publint and attw find nothing wrong", async () => {
  for (const { name, file } of packed) {
    expect(await project.run("npx", "publint", "run", "--strict", file)).toContain("All good");
    // The command line has nothing to import.
    if ((await manifest(name))["exports"]) await project.run("npx", "attw", file, "--profile", "esm-only");
  }
});

describe.each([
  ["TypeScript 7", "node_modules/typescript/bin/tsc"],
  ["TypeScript 5.9", "node_modules/ts5/bin/tsc"],
])("%s", (_, compiler) => {
  test.each([false, true])("accepts a program and refuses a mistake, strictly, with skipLibCheck %s", async (skipLibCheck) => {
    const compilerOptions = {
      module: "nodenext",
      target: "es2023",
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      types: ["node"],
      noEmit: true,
      skipLibCheck,
    };
    await project.write(
      "tsconfig.json",
      JSON.stringify({ compilerOptions: { ...compilerOptions, lib: ["esnext"] }, files: ["program.ts"] }),
    );
    await project.run(process.execPath, compiler, "-p", ".");
    await project.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["mistake.ts"] }));
    await expect(project.run(process.execPath, compiler, "-p", ".")).rejects.toThrow("mistake.ts(4,14): error TS2322: Type '\"Right\"'");
  });
});

test("a program runs on this Node, and the command line keeps the quickstart's promises", async () => {
  expect(await project.run("node", "program.ts")).toBe("0 0\n");
  expect(await project.run("npx", "outrigger", "dev", "--once")).toMatch(/\d+ passed, 0 failed\n$/);
});

test("a program runs on the oldest Node that is supported", async () => {
  await project.run("npm", "install", "--no-audit", "--no-fund", "node@22.19.0");
  expect(await project.run("node_modules/node/bin/node", "--version")).toBe("v22.19.0\n");
  expect(await project.run("node_modules/node/bin/node", "--no-warnings", "program.ts")).toBe("0 0\n");
});
