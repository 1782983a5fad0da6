import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDevcluster } from "@outrigger/devcluster";
import type { Client, ClusterAccess } from "@outrigger/kit/client";
import { auditFlags } from "./audit-log.ts";
import { existingCluster } from "./existing-cluster.ts";
import { startRealCluster } from "./real-cluster.ts";
import type { RestrictedOptions, RestrictedRules } from "./restricted.ts";
import { Users } from "./users.ts";

/** A user to act as; `system:authenticated` is added to the groups by the cluster. */
export interface TestUser {
  readonly name: string;
  readonly groups?: readonly string[];
}

/** A running cluster that a test may use as it likes, as an administrator. */
export interface TestCluster extends AsyncDisposable {
  readonly kind: "devcluster" | "real" | "existing";
  readonly url: string;
  /** The kubeconfig's text; its current context is an administrator's. */
  readonly kubeconfig: string;
  readonly kubeconfigFile: string;
  /** Somebody runs Deployments, collects garbage, fills namespaces with service accounts: kube-controller-manager and kube-scheduler, or the devcluster's. */
  readonly controllers: boolean;
  /** There is a node: pods run, or seem to. */
  readonly node: boolean;
  /** An administrator's client; closed with the cluster. */
  readonly client: Client;
  /** A client as another user; closed with the cluster. */
  clientAs(user: TestUser): Client;
  /**
   * Gives a user exactly these rights, and resolves with the access of that user when they hold. For an operator that is to run
   * in its test under the rules that `outrigger manifests` will write for it:
   * `manager({ kubeconfig: await cluster.restrictedTo(managerRules({ controllers })), controllers })`.
   */
  restrictedTo(rules: RestrictedRules, options?: RestrictedOptions): Promise<ClusterAccess>;
  /** Makes a namespace of the test's own, in which pods can be made at once; of an existing cluster it is deleted again at the end. @param prefix of its name. Default `test`. */
  namespace(prefix?: string): Promise<string>;
  /** Ends the API server and starts it again, as it was, at the same address; resolves when it is ready. Where it is a process of its own. */
  readonly restartApiServer?: (whileAway?: () => Promise<void>) => Promise<void>;
  /** Ends what was started for the test; an existing cluster is left as it is. */
  close(): Promise<void>;
}

export interface TestClusterOptions {
  /** The API alone: no control loops, no node. */
  readonly bare?: boolean;
}

/**
 * The cluster to test against, chosen as users of envtest know it: `USE_EXISTING_CLUSTER=true` takes the current
 * kubeconfig, `KUBEBUILDER_ASSETS` starts a real control plane from the binaries there, and otherwise it is a
 * devcluster. Each has its control loops, a scheduler and a node (of a real one, those whose binaries are there), unless
 * `bare` asks for the API alone. With `OUTRIGGER_AUDIT_LOGS` a real control plane writes its audit log to a folder of its
 * own in the one that this names: who asked for what, and was refused.
 *
 * @throws RealClusterError, KubeconfigError
 */
export async function startTestCluster({ bare = false }: TestClusterOptions = {}): Promise<TestCluster> {
  if (process.env["USE_EXISTING_CLUSTER"] === "true") return existingCluster();
  if (process.env["KUBEBUILDER_ASSETS"]) {
    const logs = process.env["OUTRIGGER_AUDIT_LOGS"];
    return startRealCluster({
      ...(bare ? { controllers: false, node: false } : {}),
      ...(logs ? { apiServerFlags: auditFlags(logs) } : {}),
    });
  }
  const folder = mkdtempSync(join(tmpdir(), "outrigger-test-"));
  try {
    const kubeconfigFile = join(folder, "kubeconfig");
    const cluster = await startDevcluster({ bare });
    writeFileSync(kubeconfigFile, cluster.kubeconfig, { mode: 0o600 });
    return new Users({ text: cluster.kubeconfig }).of({
      kind: "devcluster",
      url: cluster.url,
      kubeconfig: cluster.kubeconfig,
      kubeconfigFile,
      controllers: !bare,
      node: !bare,
      async close() {
        await cluster.close();
        rmSync(folder, { recursive: true, force: true });
      },
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
