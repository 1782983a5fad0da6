import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startDevcluster } from "@outrigger/devcluster";
import type { TestCluster } from "./cluster.ts";
import { existingCluster } from "./existing-cluster.ts";
import { Users } from "./users.ts";

const USAGE =
  "say nothing for a new devcluster, --kubeconfig FILE for the cluster of that file, or --current for that of the current kubeconfig";

/**
 * Runs a program, such as an operator that is being written, on the cluster that its command line names: a devcluster of
 * its own unless told otherwise, so that a first try can harm nothing. Says on standard output where that is. The cluster
 * is closed when the program ends. A failure is told in a line on standard error, and makes the process's exit code 1.
 *
 * @param args what the program was called with. Default `process.argv` from the third on.
 */
export async function tryOut(
  program: (cluster: TestCluster) => Promise<void>,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  try {
    await using cluster = await clusterFor(options(args));
    await program(cluster);
  } catch (error) {
    // What has a code of ours has a message for people; anything else is a fault in the program, whose place is wanted.
    const { code, message, stack } = error as { readonly code?: unknown; readonly message?: string; readonly stack?: string };
    console.error(typeof code === "string" ? message : (stack ?? String(error)));
    process.exitCode = 1;
  }
}

interface Options {
  readonly current?: boolean;
  readonly kubeconfig?: string;
}

async function clusterFor({ current, kubeconfig }: Options): Promise<TestCluster> {
  if (current || kubeconfig !== undefined) {
    const cluster = existingCluster(kubeconfig === undefined ? undefined : fromWhereCalled(kubeconfig));
    console.log(`Using the cluster at ${cluster.url} (${cluster.kubeconfigFile}). Ctrl-C stops.`);
    return cluster;
  }
  const kubeconfigFile = fromWhereCalled(".outrigger/kubeconfig");
  await mkdir(dirname(kubeconfigFile), { recursive: true });
  const cluster = await startDevcluster({ kubeconfigFile });
  console.log(`A devcluster answers at ${cluster.url}. In another terminal:\n\n  export KUBECONFIG=${kubeconfigFile}\n`);
  console.log("The file goes away with it; Ctrl-C stops.");
  return new Users({ text: cluster.kubeconfig }).of({
    kind: "devcluster",
    url: cluster.url,
    kubeconfig: cluster.kubeconfig,
    kubeconfigFile,
    controllers: true,
    node: true,
    close: () => cluster.close(),
  });
}

/** @throws Error with the code of `parseArgs` for what it does not know. */
function options(args: readonly string[]): Options {
  try {
    return parseArgs({ args: [...args], options: { current: { type: "boolean" }, kubeconfig: { type: "string" } } }).values;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw Object.assign(new Error(`${message}: ${USAGE}`, { cause: error }), { code });
  }
}

/** npm runs a workspace's script in the workspace's folder, while paths were typed where npm was called. */
function fromWhereCalled(path: string): string {
  return resolve(process.env["INIT_CWD"] ?? ".", path);
}
