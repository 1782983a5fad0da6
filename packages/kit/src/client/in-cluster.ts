import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterAccess } from "./access.ts";
import { KubeconfigError } from "./errors.ts";

/** Where the kubelet mounts a pod's service account (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/). */
const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

type Env = Readonly<Record<string, string | undefined>>;

/** Whether this process runs in a pod with a service account. */
export function isInCluster(env: Env, folder: string = FOLDER): boolean {
  return Boolean(env["KUBERNETES_SERVICE_HOST"] && env["KUBERNETES_SERVICE_PORT"]) && existsSync(join(folder, "token"));
}

/** The pod's own access to its cluster; the token is read again as it rotates. */
export function inCluster(env: Env, folder: string = FOLDER): ClusterAccess {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  if (!host || !port) throw new KubeconfigError("in-cluster", "KUBERNETES_SERVICE_HOST", "is not set: this is no pod");
  const read = (name: string): string => {
    try {
      return readFileSync(join(folder, name), "utf8");
    } catch (cause) {
      throw new KubeconfigError("in-cluster", join(folder, name), `cannot be read: ${(cause as Error).message}`, cause);
    }
  };
  read("token");
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca: read("ca.crt"),
    namespace: existsSync(join(folder, "namespace")) ? read("namespace").trim() : "default",
    credentials: { tokenFile: join(folder, "token") },
    source: "in-cluster",
  };
}
