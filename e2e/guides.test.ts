import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runManager } from "@outrigger/operator";
import type { TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubectlPath } from "./kubectl.ts";
import { command, repository, startCluster } from "./outrigger.ts";

// The commands of the guides, run as they stand there; the Chinese guides have the same ones.
const GUIDES = ["overcommit", "job-policy", "pod-defaults", "inject", "log-archive"];
const stopping = new AbortController();
let cluster: TestCluster;
let managing: Promise<void> | undefined;
let folder: string;

beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "outrigger-guides-"));
  for (const [name, line] of [
    ["kubectl", `exec '${kubectlPath()}' "$@"`],
    ["outrigger", `exec '${process.execPath}' '${command}' "$@"`],
  ])
    writeFileSync(join(folder, name!), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  await new Promise<void>((resolve, reject) => {
    managing = runManager({
      kubeconfig: { file: cluster.kubeconfigFile },
      namespace: "outrigger-system",
      webhook: { mode: "url", host: "127.0.0.1", port: 0 },
      features: ["all"],
      logFolder: join(folder, ".outrigger/logs"),
      temporary: true,
      signal: stopping.signal,
      report: () => {},
      onReady: resolve,
    });
    managing.catch(reject);
  });
});
afterAll(async () => {
  stopping.abort();
  await managing?.catch(() => {});
  await cluster?.close();
  rmSync(folder, { recursive: true, force: true });
});

function commands(guide: string): string[] {
  const text = readFileSync(join(repository, guide), "utf8");
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
}

describe.each(GUIDES)("the guide %s", (name) => {
  const blocks = commands(`docs/guide/${name}.md`);

  test("has the same commands in Chinese", () => {
    expect(blocks.length).toBeGreaterThan(0);
    expect(commands(`docs/zh/guide/${name}.md`)).toEqual(blocks);
  });

  test("has commands that work", async () => {
    const env = {
      ...process.env,
      PATH: `${folder}:${process.env["PATH"]}`,
      KUBECONFIG: cluster.kubeconfigFile,
      KUBECACHEDIR: join(folder, "cache"),
    };
    const ran = await new Promise<{ failed: boolean; said: string }>((resolve) => {
      execFile("bash", ["-euxc", blocks.join("\n")], { env, cwd: folder, timeout: 110_000 }, (error, stdout, stderr) =>
        resolve({ failed: error !== null, said: `${stdout}${stderr}` }),
      );
    });
    expect(ran.failed, ran.said).toBe(false);
  });
});
