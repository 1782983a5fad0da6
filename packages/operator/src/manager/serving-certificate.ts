import type { Client } from "@outrigger/kit/client";
import { ownCertificate } from "@outrigger/kit/webhook";
import {
  type CertificateSource,
  fileCertificate,
  OWN_SIGNER,
  type Requested,
  requestedCertificate,
  startSigner,
} from "../certificates/index.ts";
import { SECRETS } from "./names.ts";
import type { RunManagerOptions } from "./run-manager.ts";
import type { Running } from "./running.ts";

/** Where the webhooks' certificate is from, if the manager does not make it: files of a folder, or a signer of Kubernetes' API. */
export type CertificateOrigin = { readonly folder: string } | Requested;

/** The certificate to serve. @throws Error that says what is wrong with the files, or why the signer refused. */
export async function servingCertificate(
  client: Client,
  options: RunManagerOptions,
  running: () => Running | undefined,
  signal: AbortSignal,
): Promise<CertificateSource> {
  const { namespace, report, webhook } = options;
  const { host, mode, serviceName = "outrigger-webhook" } = webhook;
  const { from, ...times } = options.certificate ?? {};
  const dnsName = `${serviceName}.${namespace}.svc`;
  const dnsNames = [dnsName, `${dnsName}.cluster.local`] as const;
  const onError = (error: unknown): void => report(`the certificate could not be looked after: ${(error as Error).message}`);
  const staging = { trusts: async (authorities: string) => (await running()?.trusts(authorities)) ?? false, onError };
  if (from === undefined)
    return ownCertificate(client, {
      namespace,
      dnsNames: [...dnsNames, "localhost"],
      ipAddresses: mode === "url" && /^[\d.]+$|:/.test(host) ? [host] : [],
      ...times,
      rotation: {
        decides: () => running()?.rotation.decides() ?? false,
        inForceMs: (bundle) => running()?.rotation.inForceMs(bundle) ?? 0,
        servedByAll: async (leaf) => (await running()?.rotation.servedByAll(leaf)) ?? false,
      },
      onError,
    });
  if ("folder" in from) return fileCertificate({ folder: from.folder, dnsName, report, ...staging });
  const signer = from.signerName === OWN_SIGNER ? await startSigner(client, { namespace, secretName: SECRETS[1], report }) : undefined;
  try {
    const source = await requestedCertificate(client, {
      requested: from,
      dnsNames,
      authority: signer && (() => signer.authority()),
      report,
      signal,
      pollMs: times.pollMs,
      ...staging,
    });
    return {
      get current() {
        return source.current;
      },
      onChange: (listener) => source.onChange(listener),
      stop() {
        source.stop();
        void signer?.stop();
      },
    };
  } catch (error) {
    await signer?.stop();
    throw error;
  }
}
