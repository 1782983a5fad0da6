import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubectlFor } from "./kubectl.ts";
import { outrigger, startCluster } from "./outrigger.ts";

interface Kubeconfig {
  clusters: { cluster: Record<string, unknown> }[];
  users: { user: Record<string, unknown> }[];
}

let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  cluster = await startCluster();
  folder = mkdtempSync(join(tmpdir(), "outrigger-no-access-"));
});
afterAll(async () => {
  await cluster?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** The administrator's kubeconfig with a change. */
async function changed(name: string, change: (kubeconfig: Kubeconfig) => void): Promise<string> {
  const kubeconfig = JSON.parse(await kubectlFor(cluster.kubeconfigFile)("config", "view", "--raw", "-o", "json")) as Kubeconfig;
  change(kubeconfig);
  return written(name, JSON.stringify(kubeconfig));
}
function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

for (const command of [["run"], ["explain", "pod", "web"]]) {
  describe(`outrigger ${command[0]} fails with exit code 1 and one line on stderr`, () => {
    const lineWith = async (kubeconfig: string): Promise<string> => {
      const { exitCode, stdout, stderr } = await outrigger([...command, "--kubeconfig", kubeconfig]);
      expect(stderr).toMatch(/^outrigger: .*\n$/);
      expect(stdout).toBe("");
      expect(exitCode).toBe(1);
      return stderr;
    };

    test("that names a kubeconfig that is not there", async () => {
      const file = join(folder, "absent");
      expect(await lineWith(file)).toBe(`outrigger: ${file}: no such file\n`);
    });

    test("that names a kubeconfig that is none", async () => {
      const file = written("broken", "clusters: [");
      expect(await lineWith(file)).toContain(`${file}: is not YAML`);
    });

    test("that names the server that does not answer", async () => {
      // Nobody listens on port 1.
      const line = await lineWith(
        await changed("unreachable", ({ clusters }) => {
          for (const one of clusters) one.cluster["server"] = "https://127.0.0.1:1";
        }),
      );
      expect(line).toContain("https://127.0.0.1:1");
      expect(line).toContain("is the cluster running");
    });

    test("that says the cluster does not know the user", async () => {
      const line = await lineWith(
        await changed("stranger", ({ users }) => {
          for (const one of users) one.user = { token: "of-nobody" };
        }),
      );
      expect(line).toContain("does not know this user");
    });

    test("that says what the user may not do, and nothing is made", async () => {
      const line = await lineWith(
        await changed("alice", ({ users }) => {
          for (const one of users) one.user["as"] = "alice";
        }),
      );
      expect(line).toMatch(/User "alice" cannot (list|get) resource/);
      const kubectl = kubectlFor(cluster.kubeconfigFile);
      expect((await kubectl.try("get", "namespace", "outrigger-system")).stderr).toContain("not found");
      expect(await kubectl("get", "crd", "-o", "name")).toBe("");
    });
  });
}
