import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestCluster, type TestCluster } from "@outrigger/testing";
import { type Kubectl, kubectlFor } from "./kubectl.ts";

export const repository = new URL("..", import.meta.url).pathname;
export const command = join(repository, "packages/cli/bin/outrigger.js");
export const quickstart = join(repository, "packages/cli/quickstart");

/** The environment that gives the quickstart's PodDefaults their values. */
export const contiv = { "io.contiv.tenant": "default", "io.contiv.network": "vlan-202" };

/** A cluster, of the kind that the run asks for, with the manager running beside it as `outrigger run`. */
export interface Outrigger {
  readonly cluster: TestCluster;
  readonly kubectl: Kubectl;
  readonly manager: Manager;
  stop(): Promise<void>;
}

export interface Manager {
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Asks it to stop, and waits until it has. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export async function startOutrigger(): Promise<Outrigger> {
  const cluster = await startCluster();
  try {
    const manager = await startManager(cluster);
    return {
      cluster,
      kubectl: kubectlFor(cluster.kubeconfigFile),
      manager,
      async stop() {
        await manager.stop();
        await cluster.close();
      },
    };
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** The cluster of this run: the real one for `npm run test:real`, which says what it lacks when there is none. */
export async function startCluster(): Promise<TestCluster> {
  if (
    process.env["OUTRIGGER_E2E_CLUSTER"] === "real" &&
    !process.env["KUBEBUILDER_ASSETS"] &&
    process.env["USE_EXISTING_CLUSTER"] !== "true"
  ) {
    throw new Error(
      "no real cluster: set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, or USE_EXISTING_CLUSTER=true and KUBECONFIG",
    );
  }
  return startTestCluster();
}

/** Starts `outrigger run` against a cluster and waits until its webhooks are registered. */
export async function startManager(cluster: Pick<TestCluster, "kubeconfigFile">, args: readonly string[] = []): Promise<Manager> {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-e2e-"));
  const child = spawn(
    process.execPath,
    [command, "run", "--kubeconfig", cluster.kubeconfigFile, "--offer-environment", Object.keys(contiv).join(","), ...args],
    {
      env: { ...process.env, ...contiv },
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    },
  );
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  const exited = once(child, "exit");
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  await new Promise<void>((resolve, reject) => {
    child.on("message", (message) => message === "ready" && resolve());
    child.on("exit", (code) => reject(new Error(`outrigger run ended with ${code} before it was ready:\n${output}`)));
  });
  return { process: child, output: () => output, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

/** Runs the command line to its end. */
export function outrigger(
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [command, ...args], {
      env: { ...process.env, ...options.env },
      cwd: options.cwd ?? repository,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString("utf8");
    });
    child.on("exit", (code) => resolve({ exitCode: code ?? 1, stdout, stderr }));
  });
}
