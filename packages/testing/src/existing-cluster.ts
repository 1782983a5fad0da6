import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { KubeconfigError, loadKubeconfig } from "@outrigger/kit/client";
import type { TestCluster } from "./cluster.ts";
import { Users } from "./users.ts";

/**
 * The cluster of a kubeconfig, by default the current one: `KUBECONFIG`, else `~/.kube/config`. Closing it leaves it as
 * it is. Of several files in `KUBECONFIG`, `kubeconfigFile` is the first; the clients merge them as kubectl does.
 *
 * @throws KubeconfigError
 */
export function existingCluster(file?: string): TestCluster {
  const options = file === undefined ? {} : { file };
  const kubeconfigFile = file ?? current();
  if (!kubeconfigFile) throw new KubeconfigError("~/.kube/config", "", "there is no kubeconfig: name one with KUBECONFIG");
  const { server: url } = loadKubeconfig(options);
  const kubeconfig = readFileSync(kubeconfigFile, "utf8");
  return new Users(options).of({
    kind: "existing",
    url,
    kubeconfig,
    kubeconfigFile,
    controllers: true,
    node: true,
    close: async () => {},
  });
}

function current(): string | undefined {
  const listed = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  return (listed.length > 0 ? listed : [join(homedir(), ".kube", "config")]).find((file) => existsSync(file));
}
