// While the manager cannot know the rules of the cluster, nobody's pods are decided about by old ones.
import type { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CuttableProxy } from "../e2e/kit/cuttable-proxy.ts";
import { type Kubectl, kubectlFor } from "../e2e/kubectl.ts";
import { type Manager, startCluster, startManager } from "../e2e/outrigger.ts";
import { sidecarSet } from "./forger.ts";

let cluster: TestCluster;
let kubectl: Kubectl;
let proxy: CuttableProxy;
let manager: Manager;
let folder: string;
let viaProxy: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  kubectl = kubectlFor(cluster.kubeconfigFile);
  proxy = await CuttableProxy.start(new URL(cluster.url));
  folder = mkdtempSync(join(tmpdir(), "outrigger-attack-"));
  const kubeconfigFile = join(folder, "kubeconfig");
  const { host } = new URL(cluster.url);
  writeFileSync(kubeconfigFile, cluster.kubeconfig.replaceAll(host, `127.0.0.1:${proxy.port}`), { mode: 0o600 });
  viaProxy = { ...cluster, kubeconfigFile };
  manager = await startManager(viaProxy);
  await apply(sidecarSet("must", { matchLabels: { app: "must" } }));
  await eventually(async () => (await run("warm-up", "must")) === "c-must warm-up");
});
afterAll(async () => {
  proxy?.mend();
  await manager?.stop();
  proxy?.close();
  await cluster?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function apply(object: object): Promise<{ exitCode: number; stderr: string }> {
  return kubectl.feed(JSON.stringify(object), "apply", "-f", "-");
}
/** Makes a pod; the names of its containers, or what kubectl says. */
async function run(name: string, app: string): Promise<string> {
  const { exitCode, stderr } = await kubectl.try("run", name, "--image=busybox:1.36", `--labels=app=${app}`);
  return exitCode === 0 ? kubectl("get", "pod", name, "-o", "jsonpath={.spec.containers[*].name}") : stderr;
}

describe("a manager that the API server reaches, and that does not reach the API server", () => {
  test("decides nothing by old rules: pods and sets are refused as the failure policy says, within the webhook's time", async () => {
    proxy.cut();
    const start = performance.now();
    const refused = await run("cut-off", "must");
    expect(refused).toMatch(/failed calling webhook.*may be older/s);
    expect(performance.now() - start).toBeLessThan(15_000);
    expect((await apply(sidecarSet("unknown", { matchLabels: { app: "unknown" } }))).stderr).toMatch(/failed calling webhook/);
  });

  test("once it reaches it again, the first set that is taken is in the first pod that is made", async () => {
    proxy.mend();
    await eventually(async () => (await apply(sidecarSet("first", { matchLabels: { app: "first" } }))).exitCode === 0, {
      timeoutMs: 60_000,
    });
    // A manager that was cut off for longer than its lease starts anew: until it serves again, pods are refused. None is made without.
    const made = (name: string, app: string): Promise<string> =>
      eventually(async () => {
        const answer = await run(name, app);
        if (/failed calling webhook/.test(answer)) return undefined;
        return answer;
      });
    expect(await made("first", "first")).toBe("c-first first");
    expect(await made("again", "must")).toBe("c-must again");
  });

  test("a rule that came while it was cut off is never missed", async () => {
    // Made while the webhook of sets is away, as by an administrator who restores a backup.
    const set = sidecarSet("restored", { matchLabels: { app: "must" } });
    proxy.cut();
    await kubectl("delete", "validatingwebhookconfiguration", "outrigger-sidecarsets");
    await kubectl("delete", "mutatingwebhookconfiguration", "outrigger-sidecarsets");
    expect((await apply(set)).exitCode).toBe(0);
    proxy.mend();
    for (let index = 0; index < 30; index++) {
      const made = await run(`restored-${index}`, "must");
      if (!/failed calling webhook/.test(made)) expect(made.split(" ").slice(0, -1).sort()).toEqual(["c-must", "c-restored"]);
      if (made.startsWith("c-")) break;
    }
  });
});

test("told to stop while the API server does not answer, it ends within ten seconds", async () => {
  const stuck = await startHanging(cluster);
  try {
    const { child, hang } = stuck;
    hang();
    const start = performance.now();
    child.kill("SIGTERM");
    await once(child, "exit");
    expect(performance.now() - start).toBeLessThan(15_000);
    expect(child.signalCode).toBeNull();
  } finally {
    stuck.close();
  }
});

/** A manager behind a connection that can be made to hang: open, and without an answer. */
async function startHanging(of: TestCluster) {
  const { createServer, connect } = await import("node:net");
  let hanging = false;
  const server = createServer((near) => {
    near.on("error", () => {});
    const { hostname, port } = new URL(of.url);
    const far = connect(Number(port), hostname);
    far.on("error", () => {});
    near.on("data", (chunk) => void (hanging || far.write(chunk)));
    far.on("data", (chunk) => void (hanging || near.write(chunk)));
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const file = join(folder, "hanging");
  writeFileSync(file, of.kubeconfig.replaceAll(new URL(of.url).host, `127.0.0.1:${port}`), { mode: 0o600 });
  const started = await startManager({ ...of, kubeconfigFile: file });
  return {
    child: started.process as ReturnType<typeof spawn>,
    hang: () => {
      hanging = true;
    },
    close: () => {
      started.process.kill("SIGKILL");
      server.close();
    },
  };
}
