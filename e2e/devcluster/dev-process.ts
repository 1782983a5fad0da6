import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { command } from "../outrigger.ts";
import { Api } from "./api.ts";

const running = new Set<ChildProcess>();

/** Kills what a failed test left. */
export function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

export interface Dev {
  readonly process: ChildProcess;
  readonly api: Api;
  kill(): Promise<void>;
}

/**
 * Starts `outrigger dev` with the data and the kubeconfig in a folder, and waits until it says that it is ready.
 *
 * @param wrapper a command that runs the rest of its arguments.
 */
export async function dev(folder: string, args: readonly string[], wrapper: readonly string[] = []): Promise<Dev> {
  mkdirSync(folder, { recursive: true });
  const kubeconfig = join(folder, "kubeconfig");
  const [program = "", ...rest] = [
    ...wrapper,
    process.execPath,
    command,
    "dev",
    "--data-dir",
    join(folder, "data"),
    "--kubeconfig",
    kubeconfig,
    ...args,
  ];
  const child = spawn(program, rest, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const gone = once(child, "exit").then(() => void running.delete(child));
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const heard = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
      if (/^Ready\./m.test(output)) resolve();
    };
    child.stdout.on("data", heard);
    child.stderr.on("data", heard);
    void gone.then(() => reject(new Error(`outrigger dev ended with ${child.exitCode}:\n${output}`)));
  });
  return {
    process: child,
    api: new Api(readFileSync(kubeconfig, "utf8")),
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
