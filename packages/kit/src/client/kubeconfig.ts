import type { ClusterAccess, Credentials, ExecCredentialSource } from "./access.ts";
import { KubeconfigError } from "./errors.ts";
import { inCluster } from "./in-cluster.ts";
import { Fields, readCertificate } from "./kubeconfig-fields.ts";
import { type KubeconfigOptions, readKubeconfigs } from "./kubeconfig-files.ts";

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
  if (merged === undefined) return inCluster(env);
  const { source } = merged;

  const contextName = options.context ?? merged.currentContext;
  if (!contextName) throw new KubeconfigError(source, "current-context", "names no context; set one, or choose a context");
  const context = merged.contexts.get(contextName);
  if (!context) {
    const known = [...merged.contexts.keys()].join(", ") || "none";
    throw new KubeconfigError(
      source,
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
  const access = readCluster(clusterFields);
  return {
    ...access,
    namespace: contextField.text("namespace") ?? "default",
    credentials: user ? readUser(new Fields(user, `users[${user.name}].user`), access, clusterFields) : {},
    source,
  };
}

/** What the cluster's entry says, before it is known who asks. */
type ClusterEntry = Omit<ClusterAccess, "namespace" | "credentials" | "source">;

function readCluster(fields: Fields): ClusterEntry {
  const server = fields.text("server");
  if (server === undefined) throw fields.wrong("server", "is missing");
  const url = URL.parse(server);
  if (url?.protocol !== "https:" && url?.protocol !== "http:") throw fields.wrong("server", `"${server}" is no http or https URL`);
  const insecureSkipTlsVerify = fields.value("insecure-skip-tls-verify") === true;
  const ca = insecureSkipTlsVerify ? undefined : fields.pem("certificate-authority");
  if (ca) readCertificate(fields, ca);
  const tlsServerName = fields.text("tls-server-name");
  const proxyUrl = fields.text("proxy-url");
  return {
    server: server.replace(/\/+$/, ""),
    ...(insecureSkipTlsVerify ? { insecureSkipTlsVerify } : {}),
    ...(ca ? { ca: ca.pem } : {}),
    ...(tlsServerName ? { tlsServerName } : {}),
    ...(proxyUrl ? { proxyUrl } : {}),
  };
}

function readUser(fields: Fields, cluster: ClusterEntry, clusterFields: Fields): Credentials {
  if (fields.value("auth-provider") !== undefined)
    throw fields.wrong("auth-provider", "is not supported any more, by Kubernetes neither; use exec");
  const cert = fields.pem("client-certificate");
  const key = fields.pem("client-key");
  if (cert && !key) throw fields.wrong("client-key", "is missing beside client-certificate");
  if (key && !cert) throw fields.wrong("client-certificate", "is missing beside client-key");
  if (cert) {
    const certificate = readCertificate(fields, cert);
    if (Date.parse(certificate.validTo) < Date.now())
      throw fields.wrong(cert.field, `the certificate expired on ${new Date(certificate.validTo).toISOString()}`);
  }
  const token = fields.text("token");
  const tokenFile = fields.file("tokenFile");
  const [username, password] = [fields.text("username"), fields.text("password")];
  const exec = fields.value("exec");
  const user = fields.text("as");
  return {
    ...(cert && key ? { cert: cert.pem, key: key.pem } : {}),
    ...(token ? { token } : {}),
    ...(tokenFile ? { tokenFile } : {}),
    ...(username ? { username, password: password ?? "" } : {}),
    ...(exec ? { exec: readExec(exec as Record<string, unknown>, fields, cluster, clusterFields) } : {}),
    ...(user
      ? {
          impersonate: {
            user,
            ...(fields.text("as-uid") ? { uid: fields.text("as-uid")! } : {}),
            groups: (fields.value("as-groups") as string[]) ?? [],
            extra: (fields.value("as-user-extra") as Record<string, string[]>) ?? {},
          },
        }
      : {}),
  };
}

function readExec(
  exec: Record<string, unknown>,
  fields: Fields,
  cluster: {
    readonly server: string;
    readonly ca?: string;
    readonly tlsServerName?: string;
    readonly insecureSkipTlsVerify?: boolean;
    readonly proxyUrl?: string;
  },
  clusterFields: Fields,
): ExecCredentialSource {
  const command = exec["command"];
  if (typeof command !== "string" || command === "") throw fields.wrong("exec.command", "is missing");
  const apiVersion = exec["apiVersion"];
  if (apiVersion !== "client.authentication.k8s.io/v1" && apiVersion !== "client.authentication.k8s.io/v1beta1") {
    throw fields.wrong("exec.apiVersion", `"${String(apiVersion ?? "")}" is neither client.authentication.k8s.io/v1 nor v1beta1`);
  }
  if (exec["interactiveMode"] === "Always") throw fields.wrong("exec.interactiveMode", "is Always, and there is nobody to ask here");
  const extension = (clusterFields.value("extensions") as { name: string; extension: unknown }[] | undefined)?.find(
    ({ name }) => name === "client.authentication.k8s.io/exec",
  );
  return {
    apiVersion,
    command,
    args: ((exec["args"] as unknown[]) ?? []).map(String),
    env: Object.fromEntries(((exec["env"] as { name: string; value: string }[]) ?? []).map(({ name, value }) => [name, String(value)])),
    ...(typeof exec["installHint"] === "string" ? { installHint: exec["installHint"] } : {}),
    ...(exec["provideClusterInfo"] === true
      ? {
          cluster: {
            server: cluster.server,
            "tls-server-name": cluster.tlsServerName,
            "insecure-skip-tls-verify": cluster.insecureSkipTlsVerify,
            "certificate-authority-data": cluster.ca === undefined ? undefined : Buffer.from(cluster.ca).toString("base64"),
            "proxy-url": cluster.proxyUrl,
            config: extension?.extension ?? null,
          },
        }
      : {}),
    folder: fields.entry.folder,
    source: fields.entry.file,
    field: fields.path("exec"),
  };
}
