import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Client, DynamicResource } from "@outrigger/kit/client";
import type { TestCluster } from "@outrigger/testing";

/** More than the 64 MiB of changes that a devcluster remembers. */
const CHANGES = 110;
const CHANGE_BYTES = 700_000;

/**
 * Makes a cluster lose a kind's early history, as each does by itself after minutes: a real one's etcd is compacted, a
 * devcluster gets more changes than it keeps. One that existed before the test is old already.
 */
export async function forget(cluster: TestCluster, client: Client, resource: DynamicResource, namespace: string): Promise<void> {
  if (cluster.kind === "real") await compact(etcdOf(dirname(cluster.kubeconfigFile)));
  if (cluster.kind !== "devcluster") return;
  const key = { namespace, name: "history" };
  await client.create(resource, { apiVersion: resource.apiVersion, kind: resource.kind, metadata: key });
  for (let change = 0; change < CHANGES; change++) {
    const patch = { big: String(change % 10).repeat(CHANGE_BYTES) };
    await client.patch(resource, key, { type: "merge", patch });
  }
  await client.delete(resource, key);
}

/** Where the etcd of a test's cluster listens: its folder is beside the kubeconfig. */
function etcdOf(folder: string): string {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    let line: string[];
    try {
      line = readFileSync(join("/proc", pid, "cmdline"), "utf8").split("\0");
    } catch {
      continue;
    }
    if (line.includes(join(folder, "etcd"))) return line[line.indexOf("--listen-client-urls") + 1]!;
  }
  throw new Error(`no etcd runs in ${folder}`);
}

/** https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/ */
async function compact(etcd: string): Promise<void> {
  const post = async (path: string, body: object): Promise<{ header?: { revision?: string } }> => {
    const response = await fetch(`${etcd}/v3/kv/${path}`, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd ${path}: ${await response.text()}`);
    return (await response.json()) as { header?: { revision?: string } };
  };
  const { header } = await post("range", { key: Buffer.from("none").toString("base64") });
  await post("compaction", { revision: header?.revision, physical: true });
}
