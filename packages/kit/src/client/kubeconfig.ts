import type { ClusterAccess } from "./access.ts";
import { KubeconfigError } from "./errors.ts";
import { inCluster } from "./in-cluster.ts";
import { readCluster } from "./kubeconfig-cluster.ts";
import { Fields } from "./kubeconfig-fields.ts";
import { type KubeconfigOptions, readKubeconfigs } from "./kubeconfig-files.ts";
import { readUser } from "./kubeconfig-user.ts";
import { type Env, environmentProxy } from "./proxy.ts";

/**
 * Reads how to reach the cluster, as kubectl and client-go do
 * (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/): of several files the first
 * that names a cluster, user, context or current context counts; paths are relative to their file; data goes before files.
 *
 * @throws KubeconfigError naming the file and the field.
 */
export function loadKubeconfig(options: KubeconfigOptions = {}): ClusterAccess {
  const env = options.env ?? process.env;
  const merged = readKubeconfigs(options, env);
  if (merged === undefined) return throughProxy(inCluster(env), env);
  const { source } = merged;

  const contextName = options.context ?? merged.currentContext;
  if (!contextName) throw new KubeconfigError(source, "current-context", "names no context; set one, or choose a context");
  const context = merged.contexts.get(contextName);
  if (!context) {
    const known = [...merged.contexts.keys()].join(", ") || "none";
    throw new KubeconfigError(
      options.context === undefined ? (merged.currentContextFile ?? source) : source,
      options.context === undefined ? "current-context" : "contexts",
      `there is no context "${contextName}" (contexts: ${known})`,
    );
  }
  const contextField = new Fields(context, `contexts[${contextName}].context`);
  const cluster = merged.clusters.get(contextField.text("cluster") ?? "");
  if (!cluster) throw contextField.wrong("cluster", `there is no cluster "${contextField.text("cluster") ?? ""}"`);
  const userName = contextField.text("user");
  const user = userName ? merged.users.get(userName) : undefined;
  if (userName && !user) throw contextField.wrong("user", `there is no user "${userName}"`);

  const clusterFields = new Fields(cluster, `clusters[${cluster.name}].cluster`);
  const userFields = user && new Fields(user, `users[${user.name}].user`);
  const entry = readCluster(clusterFields, user !== undefined && hasCertificate(user.body));
  return throughProxy(
    {
      ...entry,
      namespace: contextField.text("namespace") ?? "default",
      credentials: userFields ? readUser(userFields, entry, clusterFields, env) : {},
      source,
      places: {
        cluster: clusterFields.place,
        ...(userFields ? { user: userFields.place } : {}),
        ...(entry.proxyUrl ? { proxy: { file: cluster.file, field: clusterFields.path("proxy-url") } } : {}),
      },
    },
    env,
  );
}

function hasCertificate(user: Readonly<Record<string, unknown>>): boolean {
  return Boolean(user["client-certificate"] || user["client-certificate-data"]);
}

/** The access with the environment's proxy, where the kubeconfig names none of its own. */
function throughProxy(access: ClusterAccess, env: Env): ClusterAccess {
  if (access.proxyUrl) return access;
  const proxy = environmentProxy(new URL(access.server), env);
  if (!proxy) return access;
  return { ...access, proxyUrl: proxy.url, places: { ...access.places, proxy: { file: "environment", field: proxy.variable } } };
}
