import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { eventually } from "./eventually.ts";

/** A new process that loads the sources takes long on a busy machine. */
const LONG = { timeoutMs: 60_000 };
vi.setConfig({ testTimeout: 3 * LONG.timeoutMs });

let assets: string;
beforeEach(() => {
  assets = mkdtempSync(join(tmpdir(), "outrigger-assets-"));
  // They say who and where they are, and never get ready.
  for (const name of ["etcd", "kube-apiserver"]) {
    writeFileSync(join(assets, name), `#!/bin/sh\necho "$$ $PWD" > ${assets}/${name}.at\nexec sleep 300\n`);
    chmodSync(join(assets, name), 0o755);
  }
});
afterEach(() => rmSync(assets, { recursive: true, force: true }));

/** A program that starts a cluster, with its parts once they run. */
async function starting(): Promise<{ program: ChildProcess; pids: number[]; folder: string }> {
  const source = new URL("real-cluster.ts", import.meta.url).href;
  const code = `const { startRealCluster } = await import(${JSON.stringify(source)}); await startRealCluster({ assets: ${JSON.stringify(assets)} });`;
  const program = spawn(process.execPath, ["--conditions=source", "--input-type=module", "-e", code], { stdio: "ignore" });
  const parts = await eventually(async () => {
    const texts = await Promise.all(["etcd", "kube-apiserver"].map((name) => readFile(join(assets, `${name}.at`), "utf8")));
    return texts.every((text) => text.endsWith("\n")) && texts.map((text) => text.trim().split(" "));
  }, LONG);
  return { program, pids: parts.map(([pid]) => Number(pid)), folder: parts[0]![1]! };
}
const runs = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test.for(["SIGKILL", "SIGINT"] as const)("a program ended by %s leaves no process and no folder", async (signal) => {
  const { program, pids, folder } = await starting();
  expect(pids.every(runs)).toBe(true);
  const exited = once(program, "exit");
  program.kill(signal);
  await exited;
  await eventually(() => !pids.some(runs) && !existsSync(folder), LONG);
});
