import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, ConflictError, ForbiddenError } from "@outrigger/kit/client";
import { CertificateSigningRequest } from "@outrigger/kit/kinds";
import { certificatesIn, createCsr, isIssuedBy, isTrustedBy, renewalTime } from "@outrigger/kit/pki";
import { problemOf } from "./judge.ts";
import { type CertificateSource, type Offer, StagedCertificate, type StagedOptions } from "./staged.ts";

/** Who signs, and who decides about it. */
export interface Requested {
  readonly signerName: string;
  /** Approve the requests of this process; otherwise somebody else does. */
  readonly approve: boolean;
  /** File with the PEM of the signer's authority. Default: the self-signed certificate at the end of what it issues. */
  readonly authorityFile?: string | undefined;
}

export interface RequestOptions {
  readonly requested: Requested;
  /** The first is the one by which API servers call. */
  readonly dnsNames: readonly [string, ...string[]];
  /** How long it is to be good for, where the signer grants it. Default: as the signer has it. */
  readonly expirationSeconds?: number;
  /** The signer's present authority. Default: from the file, or from what it issues. */
  readonly authority?: (() => Promise<string>) | undefined;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface RequestedOptions extends RequestOptions, StagedOptions {
  /** Milliseconds between two looks at whether a new one is due. Default 10,000. */
  readonly pollMs?: number | undefined;
}

const ASK_MS = 1_000;
/** After a request that came to nothing. */
const AGAIN_MS = 30_000;

/**
 * A certificate from a CertificateSigningRequest, requested anew at two thirds of its life and when the signer has another authority.
 *
 * @throws Error when the first request is denied or fails, with the reason.
 */
export async function requestedCertificate(client: Client, options: RequestedOptions): Promise<CertificateSource> {
  const staged = new StagedCertificate(options);
  const signal = AbortSignal.any([options.signal, staged.signal]);
  staged.offer(await requestCertificate(client, { ...options, signal }));
  void renew(client, options, staged, signal);
  return staged;
}

async function renew(client: Client, options: RequestedOptions, staged: StagedCertificate, signal: AbortSignal): Promise<void> {
  const { pollMs = 10_000, report } = options;
  let pauseMs = pollMs;
  while (await passes(pauseMs, signal)) {
    pauseMs = pollMs;
    try {
      if (await isDue(staged.latest, options)) staged.offer(await requestCertificate(client, { ...options, signal }));
    } catch (error) {
      if (signal.aborted) return;
      report(`${(error as Error).message}; the webhooks' certificate stays as it is, another is requested in ${AGAIN_MS / 1000} s`);
      pauseMs = AGAIN_MS;
    }
  }
}

async function isDue(latest: Offer | undefined, options: RequestedOptions): Promise<boolean> {
  if (!latest || Date.now() >= renewalTime(latest.certificate).getTime()) return true;
  const authority = await authorityOf(options);
  return authority !== undefined && !isTrustedBy(latest.certificate, authority);
}

async function authorityOf({ authority, requested: { authorityFile } }: RequestOptions): Promise<string | undefined> {
  if (authority) return authority();
  return authorityFile === undefined ? undefined : readFile(authorityFile, "utf8");
}

/** Makes a key and a request for it, and waits for the certificate. @throws Error when it is denied or fails, with the reason. */
export async function requestCertificate(client: Client, options: RequestOptions): Promise<Offer> {
  const { requested, dnsNames, report, signal, expirationSeconds } = options;
  const { signerName } = requested;
  const { csr, key } = createCsr({ commonName: dnsNames[0], dnsNames });
  const name = `outrigger-webhook-${randomBytes(5).toString("hex")}`;
  await client.create(
    CertificateSigningRequest,
    {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name, labels: { "app.kubernetes.io/part-of": "outrigger" } },
      spec: {
        request: Buffer.from(csr).toString("base64"),
        signerName,
        usages: ["digital signature", "server auth"],
        ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
      },
    } as never,
    { signal },
  );
  if (requested.approve) await approve(client, name, report, signal);
  else report(`CertificateSigningRequest ${name} waits for somebody who approves it: kubectl certificate approve ${name}`);
  const certificate = await issued(client, name, signal);
  // What was issued beside this one is the signer's present authority.
  const authority = (await authorityOf(options)) ?? certificatesIn(certificate).find((one) => isIssuedBy(one, one)) ?? "";
  const problem = problemOf({ certificate, key, authority }, dnsNames[0], `CertificateSigningRequest ${name} of ${signerName}`);
  if (problem !== undefined) throw new Error(problem);
  return { certificate, key, authority };
}

async function approve(client: Client, name: string, report: (line: string) => void, signal: AbortSignal): Promise<void> {
  const condition = { type: "Approved", status: "True", reason: "OutriggerManager", message: "requested by the manager for its webhooks" };
  for (;;) {
    try {
      const request = await client.get(CertificateSigningRequest, { name }, { signal });
      const conditions = request.status?.conditions ?? [];
      if (conditions.some(({ type }) => type === "Approved" || type === "Denied")) return;
      const status = { ...request.status, conditions: [...conditions, condition] };
      await client.update(CertificateSigningRequest, { ...request, status } as never, { subresource: "approval", signal });
      return;
    } catch (error) {
      if (error instanceof ConflictError) continue;
      if (!(error instanceof ForbiddenError)) throw error;
      report(`${error.message}; CertificateSigningRequest ${name} waits for somebody who approves it: kubectl certificate approve ${name}`);
      return;
    }
  }
}

/** Waits for the certificate. @throws Error when it was denied or failed; NotFoundError when somebody deleted the request. */
async function issued(client: Client, name: string, signal: AbortSignal): Promise<string> {
  for (;;) {
    const { spec, status } = await client.get(CertificateSigningRequest, { name }, { signal });
    const refused = status?.conditions?.find(({ type }) => type === "Denied" || type === "Failed");
    if (refused) {
      const { type, reason = "no reason", message = "" } = refused;
      throw new Error(`CertificateSigningRequest ${name} of ${spec.signerName}: ${type} (${reason}) ${message}`.trim());
    }
    if (status?.certificate) return Buffer.from(status.certificate, "base64").toString("utf8");
    await sleep(ASK_MS, undefined, { signal });
  }
}

/** Waits; false where the signal came first. */
async function passes(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal, ref: false }).catch(() => false);
}
