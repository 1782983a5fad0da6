import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { KubeconfigError } from "./errors.ts";
import { inCluster, isInCluster } from "./in-cluster.ts";

/** How to reach one cluster as one identity: a kubeconfig's context, resolved. Files are read when it is made, except `tokenFile`. */
export interface ClusterAccess {
  /** `https://host:port`, maybe with a path. */
  readonly server: string;
  /** The context's namespace; `default` where it names none, the pod's own in a cluster. */
  readonly namespace: string;
  /** PEM of the authorities that the server's certificate may come from; the system's where absent. */
  readonly ca?: string;
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly proxyUrl?: string;
  readonly credentials: Credentials;
  /** Where it was read from, for messages: a file, `in-cluster`, … */
  readonly source: string;
}

export interface Credentials {
  /** PEM. */
  readonly cert?: string;
  /** PEM. */
  readonly key?: string;
  readonly token?: string;
  /** Read again once a minute, since tokens of pods rotate. Goes before `token`. */
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: ExecCredentialSource;
  readonly impersonate?: {
    readonly user: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

/** A program that prints an `ExecCredential` (client.authentication.k8s.io). */
export interface ExecCredentialSource {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint?: string;
  /** Given to the program in `KUBERNETES_EXEC_INFO` when the kubeconfig says `provideClusterInfo`. */
  readonly cluster?: object;
  /** Folder in which a relative command is looked up. */
  readonly folder: string;
  /** File and field of the kubeconfig, for messages. */
  readonly source: string;
  readonly field: string;
}

export interface KubeconfigOptions {
  /** A file, or several that are merged as `KUBECONFIG` lists are. Default: `KUBECONFIG`, else `~/.kube/config`, else in-cluster. */
  readonly file?: string | readonly string[];
  /** The kubeconfig's text itself, instead of files. */
  readonly text?: string;
  /** Context to use instead of `current-context`. */
  readonly context?: string;
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** One named entry of a kubeconfig and where it came from. */
interface Entry {
  readonly file: string;
  readonly folder: string;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}
interface Merged {
  readonly source: string;
  currentContext: string;
  readonly clusters: Map<string, Entry>;
  readonly users: Map<string, Entry>;
  readonly contexts: Map<string, Entry>;
}

/**
 * Reads how to reach the cluster, as kubectl and client-go do
 * (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/): of several files the first
 * that names a cluster, user, context or current context counts; paths are relative to their file; data goes before files.
 *
 * @throws KubeconfigError naming the file and the field.
 */
export function loadKubeconfig(options: KubeconfigOptions = {}): ClusterAccess {
  const env = options.env ?? process.env;
  const merged = readAll(options, env);
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

function readAll(options: KubeconfigOptions, env: Readonly<Record<string, string | undefined>>): Merged | undefined {
  if (options.text !== undefined) return merge([{ file: "kubeconfig text", folder: process.cwd(), text: options.text }]);
  let files: readonly string[];
  let mustExist = false;
  if (options.file !== undefined) {
    files = typeof options.file === "string" ? [options.file] : options.file;
    mustExist = true;
  } else if (env["KUBECONFIG"]) {
    files = env["KUBECONFIG"].split(delimiter).filter((file) => file !== "");
  } else {
    const usual = join(env["HOME"] || homedir(), ".kube", "config");
    if (!existsSync(usual) && isInCluster(env)) return undefined;
    files = [usual];
  }
  const present = mustExist ? files : files.filter((file) => existsSync(file));
  if (present.length === 0) {
    throw new KubeconfigError(files.join(delimiter), "", "no such file; set KUBECONFIG, or run inside a cluster with a service account");
  }
  return merge(
    present.map((file) => {
      try {
        return { file, folder: dirname(resolve(file)), text: readFileSync(file, "utf8") };
      } catch (cause) {
        throw new KubeconfigError(
          file,
          "",
          (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : `cannot be read: ${(cause as Error).message}`,
          cause,
        );
      }
    }),
  );
}

/** Loaded when the first file is read: 20 ms that a client over another transport can do without. */
function parseYaml(text: string): unknown {
  const { parse } = createRequire(import.meta.url)("yaml") as typeof import("yaml");
  return parse(text);
}

function merge(files: readonly { readonly file: string; readonly folder: string; readonly text: string }[]): Merged {
  const merged: Merged = {
    source: files.map(({ file }) => file).join(delimiter),
    currentContext: "",
    clusters: new Map(),
    users: new Map(),
    contexts: new Map(),
  };
  for (const { file, folder, text } of files) {
    let config: unknown;
    try {
      config = parseYaml(text);
    } catch (cause) {
      throw new KubeconfigError(file, "", `is not YAML: ${(cause as Error).message.split("\n")[0]}`, cause);
    }
    if (config === null || config === undefined) continue;
    if (typeof config !== "object" || Array.isArray(config))
      throw new KubeconfigError(file, "", "is not a kubeconfig: its content is no map");
    const body = config as Record<string, unknown>;
    if (!merged.currentContext && typeof body["current-context"] === "string") merged.currentContext = body["current-context"];
    for (const [list, inner] of [
      ["clusters", "cluster"],
      ["users", "user"],
      ["contexts", "context"],
    ] as const) {
      const entries = body[list] ?? [];
      if (!Array.isArray(entries)) throw new KubeconfigError(file, list, "must be a list");
      entries.forEach((entry: Record<string, unknown> | null, index) => {
        const name = entry?.["name"];
        if (typeof name !== "string" && typeof name !== "number") throw new KubeconfigError(file, `${list}[${index}].name`, "is missing");
        if (!merged[list].has(String(name)))
          merged[list].set(String(name), { file, folder, name: String(name), body: (entry?.[inner] ?? {}) as Record<string, unknown> });
      });
    }
  }
  return merged;
}

/** The fields of one entry, read with their file and path at hand for the message. */
class Fields {
  readonly entry: Entry;
  readonly #path: string;
  constructor(entry: Entry, path: string) {
    this.entry = entry;
    this.#path = path;
  }
  path(name: string): string {
    return `${this.#path}.${name}`;
  }
  wrong(name: string, problem: string, cause?: unknown): KubeconfigError {
    return new KubeconfigError(this.entry.file, this.path(name), problem, cause);
  }
  value(name: string): unknown {
    return this.entry.body[name] ?? undefined;
  }
  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || value === "") return undefined;
    if (typeof value !== "string" && typeof value !== "number") throw this.wrong(name, "must be a string");
    return String(value);
  }
  file(name: string): string | undefined {
    const path = this.text(name);
    return path === undefined || isAbsolute(path) ? path : join(this.entry.folder, path);
  }
  /** PEM from `<name>-data` in base64, or from the file that `<name>` names. */
  pem(name: string): { readonly pem: string; readonly field: string } | undefined {
    const data = this.text(`${name}-data`);
    if (data !== undefined) {
      if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(data)) throw this.wrong(`${name}-data`, "is not base64");
      const pem = Buffer.from(data, "base64").toString("utf8");
      if (!pem.includes("-----BEGIN ")) throw this.wrong(`${name}-data`, "holds no PEM block");
      return { pem, field: `${name}-data` };
    }
    const path = this.file(name);
    if (path === undefined) return undefined;
    try {
      const pem = readFileSync(path, "utf8");
      if (!pem.includes("-----BEGIN ")) throw this.wrong(name, `${path} holds no PEM block`);
      return { pem, field: name };
    } catch (cause) {
      if (cause instanceof KubeconfigError) throw cause;
      throw this.wrong(name, `cannot read ${path}: ${(cause as Error).message}`, cause);
    }
  }
}

function readCluster(fields: Fields): Omit<ClusterAccess, "namespace" | "credentials" | "source"> {
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

function readUser(
  fields: Fields,
  cluster: Omit<ClusterAccess, "namespace" | "credentials" | "source">,
  clusterFields: Fields,
): Credentials {
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

function readCertificate(fields: Fields, { pem, field }: { readonly pem: string; readonly field: string }): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw fields.wrong(field, "is no certificate", cause);
  }
}
