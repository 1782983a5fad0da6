import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { CliError } from "../errors.ts";
import type { ClusterOptions } from "../kubeconfig.ts";
import { type Project, readOperator } from "../project/index.ts";

/** The options that `run` has for the Outrigger manager mean nothing for a project. */
export interface RunProjectOptions extends ClusterOptions {
  readonly excludedNamespaces?: string;
  readonly features?: string;
  readonly webhookPort?: number;
  readonly readyFile?: string;
}

const OF_THE_MANAGER = {
  excludedNamespaces: "--excluded-namespaces",
  features: "--features",
  webhookPort: "--webhook-port",
  readyFile: "--ready-file",
} as const;

/** `outrigger run` in a project: its program on this machine against the cluster of the current kubeconfig, until it is stopped. */
export async function runProject(project: Project, options: RunProjectOptions): Promise<void> {
  for (const [option, flag] of Object.entries(OF_THE_MANAGER)) {
    if (options[option as keyof typeof OF_THE_MANAGER] !== undefined)
      throw new CliError(`${flag} is for the Outrigger manager, and ${project.folder} is a project: call outrigger run outside of it`, {
        exitCode: 2,
      });
  }
  // What is wrong with the code is said in one line, before anything starts.
  await readOperator(project);
  const folder = options.context === undefined ? undefined : mkdtempSync(join(tmpdir(), "outrigger-run-"));
  try {
    const child = startProgram(project, environment(options, folder));
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, forward);
    const code = await ended(child);
    if (code !== 0) throw new CliError(`the operator ended with exit code ${code}`);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts `src/main.ts`; its output is ours. */
export function startProgram({ folder }: Project, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, [join("src", "main.ts")], { cwd: folder, env, stdio: "inherit" });
}

/** Its exit code; 0 when it was ended by a signal that asks it to stop. */
export function ended(child: ChildProcess): Promise<number> {
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => settle(code ?? (signal === "SIGKILL" ? 137 : 0)));
  });
}

/** Where kubeconfigs are merged, the first current context counts. */
function environment({ kubeconfig, context }: RunProjectOptions, folder: string | undefined): NodeJS.ProcessEnv {
  const file = kubeconfig === undefined ? process.env["KUBECONFIG"] : resolve(kubeconfig);
  if (folder === undefined) return { ...process.env, ...(file === undefined ? {} : { KUBECONFIG: file }) };
  const choice = join(folder, "kubeconfig");
  writeFileSync(choice, JSON.stringify({ apiVersion: "v1", kind: "Config", "current-context": context }));
  return { ...process.env, KUBECONFIG: [choice, file ?? join(homedir(), ".kube", "config")].join(delimiter) };
}
