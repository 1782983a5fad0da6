import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { startDevcluster } from "@outrigger/devcluster";
import { startRealCluster } from "./real-cluster.ts";

/** A running cluster that a test may use as it likes, as an administrator. */
export interface TestCluster {
  readonly kind: "devcluster" | "real" | "existing";
  readonly url: string;
  /** The kubeconfig's text; its current context is an administrator's. */
  readonly kubeconfig: string;
  readonly kubeconfigFile: string;
  /** Ends what was started for the test; an existing cluster is left as it is. */
  close(): Promise<void>;
}

/**
 * The cluster to test against, chosen as users of envtest know it: `USE_EXISTING_CLUSTER=true` takes the current
 * kubeconfig, `KUBEBUILDER_ASSETS` starts a real control plane from the binaries there, and otherwise it is a
 * devcluster. Each has its control loops, a scheduler and a node, unless `bare` asks for the API alone.
 */
export async function startTestCluster({ bare = false }: { readonly bare?: boolean } = {}): Promise<TestCluster> {
  if (process.env["USE_EXISTING_CLUSTER"] === "true") return existingCluster();
  if (process.env["KUBEBUILDER_ASSETS"]) return startRealCluster({ controllers: !bare, node: !bare });
  const folder = mkdtempSync(join(tmpdir(), "outrigger-test-"));
  const kubeconfigFile = join(folder, "kubeconfig");
  const cluster = await startDevcluster({ bare });
  writeFileSync(kubeconfigFile, cluster.kubeconfig, { mode: 0o600 });
  return {
    kind: "devcluster",
    url: cluster.url,
    kubeconfig: cluster.kubeconfig,
    kubeconfigFile,
    async close() {
      await cluster.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function existingCluster(): TestCluster {
  const kubeconfigFile = process.env["KUBECONFIG"]?.split(":")[0] ?? join(homedir(), ".kube", "config");
  const kubeconfig = readFileSync(kubeconfigFile, "utf8");
  return { kind: "existing", url: "", kubeconfig, kubeconfigFile, close: async () => {} };
}
