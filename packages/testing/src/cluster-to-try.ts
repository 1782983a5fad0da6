import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { startDevcluster } from "@outrigger/devcluster";
import type { TestCluster } from "./cluster.ts";
import { existingCluster } from "./existing-cluster.ts";
import { Users } from "./users.ts";

const USAGE =
  "nothing for a new devcluster, --kubeconfig FILE for the cluster of that file, or --current for that of the current kubeconfig";

/**
 * The cluster to try an operator on, as its command line says: a devcluster of its own unless another is named, so that
 * a first try can harm nothing. Says on standard output where it is.
 *
 * @param args what the program was called with. Default `process.argv` from the third on.
 * @throws TypeError for other arguments, KubeconfigError
 */
export async function clusterToTry(args: readonly string[] = process.argv.slice(2)): Promise<TestCluster> {
  const { current, kubeconfig } = options(args);
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

function options(args: readonly string[]): { readonly current?: boolean; readonly kubeconfig?: string } {
  try {
    return parseArgs({ args: [...args], options: { current: { type: "boolean" }, kubeconfig: { type: "string" } } }).values;
  } catch (error) {
    throw new TypeError(`${(error as Error).message} Say ${USAGE}.`, { cause: error });
  }
}

/** npm runs a workspace's script in the workspace's folder, while paths were typed where npm was called. */
function fromWhereCalled(path: string): string {
  return resolve(process.env["INIT_CWD"] ?? ".", path);
}
