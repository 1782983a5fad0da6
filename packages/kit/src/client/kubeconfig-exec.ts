import type { ExecCredentialSource } from "./exec-source.ts";
import type { ClusterEntry } from "./kubeconfig-cluster.ts";
import type { Fields } from "./kubeconfig-fields.ts";

const V1 = "client.authentication.k8s.io/v1";
const V1BETA1 = "client.authentication.k8s.io/v1beta1";
/** Name of the cluster's extension that a plugin gets as `config`. */
const EXTENSION = "client.authentication.k8s.io/exec";
const MODES: readonly unknown[] = ["Never", "IfAvailable", "Always"];

/** A user's `exec` (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins). */
export function readExec(
  exec: Readonly<Record<string, unknown>>,
  fields: Fields,
  cluster: ClusterEntry,
  clusterFields: Fields,
): ExecCredentialSource {
  const { command, apiVersion, installHint } = exec;
  if (typeof command !== "string" || command === "") throw fields.wrong("exec.command", "is missing");
  if (apiVersion !== V1 && apiVersion !== V1BETA1)
    throw fields.wrong("exec.apiVersion", `"${String(apiVersion ?? "")}" is neither ${V1} nor v1beta1`);
  // Only v1 asks for it; before, plugins were asked on the terminal where there was one.
  const interactiveMode = exec["interactiveMode"] ?? (apiVersion === V1BETA1 ? "IfAvailable" : undefined);
  if (interactiveMode === undefined) throw fields.wrong("exec.interactiveMode", "is missing; Never, IfAvailable or Always");
  if (!MODES.includes(interactiveMode))
    throw fields.wrong("exec.interactiveMode", `"${String(interactiveMode)}" is none of Never, IfAvailable, Always`);
  return {
    apiVersion,
    command,
    args: ((exec["args"] as unknown[]) ?? []).map(String),
    env: readEnv(exec["env"], fields),
    interactiveMode: interactiveMode as ExecCredentialSource["interactiveMode"],
    ...(typeof installHint === "string" ? { installHint } : {}),
    ...(exec["provideClusterInfo"] === true ? { cluster: clusterInfo(cluster, clusterFields) } : {}),
    folder: fields.entry.folder,
    source: fields.entry.file,
    field: fields.path("exec"),
  };
}

function readEnv(env: unknown, fields: Fields): Record<string, string> {
  const given = (env as { name?: unknown; value?: unknown }[] | null | undefined) ?? [];
  return Object.fromEntries(
    given.map(({ name, value }, index) => {
      if (typeof name !== "string" || name === "") throw fields.wrong(`exec.env[${index}].name`, "is missing");
      return [name, String(value ?? "")];
    }),
  );
}

/** `spec.cluster` of the ExecCredential that the plugin gets. */
function clusterInfo(cluster: ClusterEntry, fields: Fields): object {
  const extensions = fields.value("extensions") as { name: string; extension: unknown }[] | undefined;
  return {
    server: cluster.server,
    "tls-server-name": cluster.tlsServerName,
    "insecure-skip-tls-verify": cluster.insecureSkipTlsVerify,
    "certificate-authority-data": cluster.ca === undefined ? undefined : Buffer.from(cluster.ca).toString("base64"),
    "proxy-url": cluster.proxyUrl,
    config: extensions?.find(({ name }) => name === EXTENSION)?.extension ?? null,
  };
}
