import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-check-node-"));
  mkdirSync(join(folder, "bin"));
  cpSync(here("../node_modules/node/package.json"), join(folder, "package.json"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const check = (of = folder): { status: number | null; stderr: string } =>
  spawnSync(process.execPath, [here("check-node.mjs"), of], { encoding: "utf8" });

test.runIf(process.platform === "linux")("the Node that is installed is the one that was looked at", () => {
  expect(check(here("../node_modules/node"))).toMatchObject({ status: 0, stderr: "" });
});
test.runIf(process.platform === "linux")("another program is refused", () => {
  writeFileSync(join(folder, "bin/node"), "#!/bin/sh\necho v24.21.0\n");
  expect(check()).toMatchObject({ status: 1, stderr: expect.stringMatching(/bin\/node is not Node .* its SHA-256 is [0-9a-f]{64}/) });
});
test("a version without a hash is refused", () => {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ version: "99.0.0" }));
  writeFileSync(join(folder, "bin/node"), "");
  expect(check()).toMatchObject({ status: 1, stderr: expect.stringContaining("there is no hash for Node 99.0.0") });
});
test("nothing is asked where no Node was installed", () => {
  expect(check()).toMatchObject({ status: 0, stderr: "" });
});
