import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startDevcluster } from "@outrigger/devcluster";
import { Namespace, ServiceAccount } from "@outrigger/kit/kinds";
import { eventually } from "@outrigger/testing";
import type { Outcome } from "../outcome.ts";
import type { KubectlBinary } from "./kubectls.ts";
import { expectedOf, type KubectlScenario, type RecordedCommand } from "./scenario.ts";

interface Printed {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}
type Mask = (text: string, keep: string) => string;
const { mask } = (await import(new URL("../data/kubectl/kubectl-mask.mjs", import.meta.url).href)) as { readonly mask: Mask };

/** A command that does not end is cut off: what it printed until then is compared. */
const LONGEST_MS = 60_000;

/** Plays a scenario with one kubectl against a devcluster of its own. */
export async function replayKubectl(scenario: KubectlScenario, { path, version }: KubectlBinary): Promise<Outcome[]> {
  // The masks know paths of this form.
  const work = mkdtempSync(join(tmpdir(), "work-"));
  const cluster = await startDevcluster({
    tokens: [
      { token: "admin-token", username: "admin", uid: "u-admin", groups: ["system:masters"] },
      { token: "alice-token", username: "alice", uid: "u-alice", groups: ["developers"] },
    ],
  });
  try {
    const { namespace } = scenario;
    const client = await cluster.client();
    if (namespace !== "default") await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await eventually(() => client.find(ServiceAccount, { namespace, name: "default" }));
    await client.close();
    const folder = join(work, scenario.name);
    for (const [name, content] of [["", ""], ...Object.entries(scenario.files)] as const) {
      mkdirSync(dirname(join(folder, name || "any")), { recursive: true });
      if (name !== "") writeFileSync(join(folder, name), content);
    }
    mkdirSync(join(work, "bin"));
    symlinkSync(path, join(work, "bin/kubectl"));
    const kubeconfig = join(work, `${scenario.name}.kubeconfig`);
    writeFileSync(kubeconfig, kubeconfigOf(cluster.url, namespace));
    const environment = {
      PATH: `${join(work, "bin")}:/usr/bin:/bin`,
      TMPDIR: folder,
      HOME: work,
      KUBECONFIG: kubeconfig,
      KUBECACHEDIR: join(work, "cache"),
      TZ: "UTC",
      LANG: "C.UTF-8",
    };
    const keep = JSON.stringify([scenario.commands.map(({ cmd, stdin }) => [cmd, stdin]), scenario.files]);
    const outcomes: Outcome[] = [];
    for (const [index, command] of scenario.commands.entries()) {
      if (command.sleep) await sleep(command.sleep * 1000);
      const printed = await run(command.cmd, command.stdin, folder, environment);
      outcomes.push({
        file: `kubectl ${version} ${scenario.name}`,
        scenario: scenario.name,
        step: index,
        title: command.cmd,
        differences: differences(printed, expectedOf(scenario, index, version), keep, command),
      });
    }
    return outcomes;
  } finally {
    await cluster.close();
    rmSync(work, { recursive: true, force: true });
  }
}

function differences(
  printed: Printed,
  expected: Printed,
  keep: string,
  { unstable = false, unstableOrderOnly = false }: Pick<RecordedCommand, "unstable" | "unstableOrderOnly">,
): string[] {
  const found: string[] = [];
  if (printed.exit !== expected.exit) found.push(`exit code ${printed.exit}, not ${expected.exit}`);
  // What depends on the moment is not compared.
  if (unstable && !unstableOrderOnly) return found;
  for (const field of ["stdout", "stderr"] as const) {
    const [got, want] = [printed[field], expected[field]].map((text) => inOrder(mask(text, keep), unstableOrderOnly));
    if (got === want) continue;
    const gotLines = got!.split("\n");
    const wantLines = want!.split("\n");
    const at = wantLines.findIndex((line, index) => line !== gotLines[index]);
    const line = at < 0 ? wantLines.length : at;
    found.push(`${field} line ${line + 1}: ${JSON.stringify(gotLines[line])}, not ${JSON.stringify(wantLines[line])}`);
  }
  return found;
}

function inOrder(text: string, sorted: boolean): string {
  return sorted ? text.split("\n").sort().join("\n") : text;
}

function run(cmd: string, stdin: string | undefined, cwd: string, env: Record<string, string>): Promise<Printed> {
  return new Promise((resolve, reject) => {
    // In a session of its own, so that all it started can be cut off.
    const child = spawn("bash", ["-c", cmd], { cwd, env, detached: true });
    const printed = { stdout: "", stderr: "" };
    for (const field of ["stdout", "stderr"] as const) {
      child[field].on("data", (chunk: Buffer) => {
        printed[field] += chunk.toString("utf8");
      });
    }
    const late = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), LONGEST_MS);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(late);
      resolve({ exit: code ?? 137, ...printed });
    });
    child.stdin.on("error", () => {});
    child.stdin.end(stdin ?? "");
  });
}

function kubeconfigOf(server: string, namespace: string): string {
  const context = (name: string, user: string): string => `- context:
    cluster: dev
    namespace: ${namespace}
    user: ${user}
  name: ${name}
`;
  return `apiVersion: v1
clusters:
- cluster:
    insecure-skip-tls-verify: true
    server: ${server}
  name: dev
contexts:
${context("alice", "alice")}${context("dev", "admin")}current-context: dev
kind: Config
users:
- name: admin
  user:
    token: admin-token
- name: alice
  user:
    token: alice-token
`;
}
