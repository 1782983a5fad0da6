// `kube-apiserver` of the drop-in for KUBEBUILDER_ASSETS: the devcluster's API server alone, with the flags of a real one.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Devcluster, type DevclusterOptions, servingNames, startDevcluster } from "@outrigger/devcluster";
import { type FlagValues, runProgram } from "./flags.ts";
import { apiServerFlags } from "./kube-apiserver-flags.ts";

const name = "kube-apiserver";
await runProgram(name, "the devcluster's API server, for envtest; the flags that it honours", apiServerFlags, async (values) => {
  const cluster = await startDevcluster(await optionsOf(values));
  console.error(`${name}: the devcluster answers at ${cluster.url}`);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void stop(cluster));
});

async function stop(cluster: Devcluster): Promise<void> {
  await cluster.close();
  process.exit(0);
}

async function optionsOf(values: FlagValues): Promise<DevclusterOptions> {
  const last = (flag: string): string | undefined => values.get(flag)?.at(-1);
  const host = last("bind-address") ?? "0.0.0.0";
  const signingKeyFile = last("service-account-signing-key-file");
  const clientCaFile = last("client-ca-file");
  const tokenAuthFile = last("token-auth-file");
  const auditLogPath = last("audit-log-path");
  const auditPolicyFile = last("audit-policy-file");
  return {
    bare: true,
    host,
    port: Number(last("secure-port") ?? 6443),
    serving: await servingOf(last("tls-cert-file"), last("tls-private-key-file"), last("cert-dir") ?? "/var/run/kubernetes", host),
    // NoEffect warns of kinds that no control loop acts on; here no control loops run at all, as in envtest.
    disabledAdmissionPlugins: ["NoEffect", ...(values.get("disable-admission-plugins") ?? [])],
    ...(clientCaFile === undefined ? {} : { clientCa: readFileSync(clientCaFile, "utf8") }),
    ...(tokenAuthFile === undefined ? {} : { tokenAuthFile }),
    ...(auditLogPath === undefined
      ? {}
      : { audit: { log: auditLogPath, ...(auditPolicyFile === undefined ? {} : { policy: auditPolicyFile }) } }),
    ...(signingKeyFile === undefined
      ? {}
      : {
          serviceAccounts: {
            issuer: last("service-account-issuer"),
            signingKey: readFileSync(signingKeyFile, "utf8"),
            keys: (values.get("service-account-key-file") ?? []).map((file) => readFileSync(file, "utf8")),
          },
        }),
  };
}

/** The certificate that the flags name, or the one in the folder; it is created if it is missing. */
async function servingOf(
  certFile: string | undefined,
  keyFile: string | undefined,
  folder: string,
  host: string,
): Promise<NonNullable<DevclusterOptions["serving"]>> {
  if ((certFile === undefined) !== (keyFile === undefined)) throw new Error("--tls-cert-file and --tls-private-key-file go together");
  const [certificate, key] = [certFile ?? join(folder, "apiserver.crt"), keyFile ?? join(folder, "apiserver.key")];
  if (certFile === undefined && !existsSync(certificate)) {
    const { createCa, issueCertificate } = await import("@outrigger/kit/pki");
    const ca = createCa({ commonName: `${host}-ca` });
    const made = issueCertificate(ca, { commonName: host, ...servingNames(host), usages: ["server auth"] });
    mkdirSync(folder, { recursive: true });
    writeFileSync(certificate, `${made.certificate}${ca.certificate}`);
    writeFileSync(key, made.key, { mode: 0o600 });
  }
  return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
}
