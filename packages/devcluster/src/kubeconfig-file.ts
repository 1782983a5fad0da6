import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { KubeconfigInUseError } from "./devcluster.ts";
import { CLUSTER_NAME } from "./server/index.ts";

/**
 * Writes the kubeconfig beside its place and moves it there: whoever reads sees the old file or the new one, and a full
 * disk leaves the old. Readable by its owner alone (0600).
 *
 * @throws KubeconfigInUseError when the file is there and is about other clusters than devclusters
 */
export async function writeKubeconfigFile(file: string, text: string): Promise<void> {
  const servers = await serversIn(file);
  if (servers === "others") throw new KubeconfigInUseError(file);
  const beside = `${file}.${process.pid}.new`;
  try {
    await writeFile(beside, text, { mode: 0o600 });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw Object.assign(error as NodeJS.ErrnoException, { path: file });
  }
}

/** Takes the kubeconfig away, unless by now it is about another cluster. */
export async function removeKubeconfigFile(file: string, url: string): Promise<void> {
  const servers = await serversIn(file);
  if (Array.isArray(servers) && servers.includes(url)) await rm(file, { force: true });
}

/** The devclusters in a kubeconfig, also after kubectl wrote it anew; none where there is no file or nothing in it. */
async function serversIn(file: string): Promise<string[] | "others"> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  if (text.trim() === "") return [];
  try {
    const { parse } = await import("yaml");
    const { clusters } = parse(text) as { clusters: { name: string; cluster: { server: string } }[] };
    return clusters.length > 0 && clusters.every(({ name }) => name === CLUSTER_NAME)
      ? clusters.map(({ cluster }) => cluster.server)
      : "others";
  } catch {
    return "others";
  }
}
