// What the tests of foreign clients share: a devcluster behind a real socket, and programs of others with their output.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type Devcluster, type DevclusterOptions, startDevcluster } from "@outrigger/devcluster";
import type { Client } from "@outrigger/kit/client";

export const here = import.meta.dirname;

/** A folder for what is installed or built once per machine. */
export function cacheFolder(name: string): string {
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "outrigger-clients", name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export interface Stage {
  readonly cluster: Devcluster;
  readonly client: Client;
  readonly folder: string;
  readonly kubeconfigFile: string;
  close(): Promise<void>;
}

/** A devcluster for one test file, with a folder of its own. */
export async function startStage(options: DevclusterOptions = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-clients-"));
  const kubeconfigFile = join(folder, "kubeconfig");
  const cluster = await startDevcluster({ ...options, kubeconfigFile });
  const client = await cluster.client();
  return {
    cluster,
    client,
    folder,
    kubeconfigFile,
    async close() {
      await client.close();
      await cluster.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Running {
  readonly output: () => string;
  /** Its exit code. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program; what it prints on both streams is kept. */
export function start(command: string, args: readonly string[], { cwd = here, env = {} }: RunOptions = {}): Running {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
  }
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
  ended.catch(() => {});
  return {
    output: () => output,
    ended,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Runs a program to its end. @throws Error with its output when it fails. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const running = start(command, args, options);
  const code = await running.ended;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${running.output().slice(-8000)}`);
  return running.output();
}
