import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RealClusterError } from "./processes.ts";
import { startRealCluster } from "./real-cluster.ts";

let assets: string;
beforeEach(() => {
  assets = mkdtempSync(join(tmpdir(), "outrigger-assets-"));
});
afterEach(() => rmSync(assets, { recursive: true, force: true }));

const binary = (name: string, script: string, mode = 0o755): void => {
  writeFileSync(join(assets, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(assets, name), mode);
};
const failure = (): Promise<RealClusterError> =>
  startRealCluster({ assets }).then(
    () => expect.fail("it started"),
    (error: RealClusterError) => error,
  );

test("a missing binary is named", async () => {
  binary("etcd", "exit 0");
  const error = await failure();
  expect(error).toBeInstanceOf(RealClusterError);
  expect(error.message).toContain(join(assets, "kube-apiserver"));
});

test("a part that ends before it is ready fails the start with the end of what it said", async () => {
  binary("etcd", "exec sleep 60");
  binary("kube-apiserver", "echo no such flag >&2; exit 3");
  expect((await failure()).message).toBe("kube-apiserver ended with 3: no such flag");
});

test("so do a part that is killed and one that cannot be run", async () => {
  binary("etcd", "exec sleep 60");
  binary("kube-apiserver", "kill -9 $$");
  expect((await failure()).message).toMatch(/^kube-apiserver ended with SIGKILL/);
  binary("kube-apiserver", "exit 0", 0o644);
  expect((await failure()).message).toMatch(/^kube-apiserver ended with .*EACCES/);
});

test("a start that failed leaves no folder behind", async () => {
  const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("outrigger-real-"));
  binary("etcd", "exec sleep 60");
  binary("kube-apiserver", "pwd >&2; exit 1");
  const folder = (await failure()).message.split(": ").at(-1) ?? "";
  expect(folder).toMatch(/outrigger-real-/);
  expect(folders()).not.toContain(folder.split("/").at(-1));
});
