import { informers } from "@outrigger/kit/cache";
import { type Client, ConflictError, NotFoundError } from "@outrigger/kit/client";
import { CertificateSigningRequest } from "@outrigger/kit/kinds";
import {
  type CertificateAuthority,
  createCa,
  inspectCertificate,
  isKeyOf,
  LEAF_VALIDITY,
  readCsr,
  renewalTime,
  signCsr,
} from "@outrigger/kit/pki";
import { agreeOnSecret, type SecretData } from "@outrigger/kit/webhook";

/** Requests of this signer are signed by the manager. No signer of Kubernetes' own issues certificates for webhooks. */
export const OWN_SIGNER = "outrigger.dev/webhook-serving";

const USAGES = ["digital signature", "key encipherment", "server auth"];
/** Names of Services, and nothing else. */
const SERVICE_NAME = /^(\*|[a-z0-9-]+)\.[a-z0-9-]+\.svc(\.[a-z0-9-]+)*$/;

export interface SignerOptions {
  /** Where the Secret with the authority is. */
  readonly namespace: string;
  readonly secretName: string;
  readonly report: (line: string) => void;
}

export interface Signer {
  /** The present authority, PEM. One that is due, or that a key `rotate` in the Secret asks to replace, is replaced. */
  authority(): Promise<string>;
  stop(): Promise<void>;
}

interface Request {
  readonly metadata: { readonly name?: string; readonly resourceVersion?: string };
  readonly spec: { readonly request: string; readonly usages?: readonly string[]; readonly expirationSeconds?: number };
  readonly status?: { readonly certificate?: string; readonly conditions?: readonly { readonly type: string }[] };
}

/**
 * Signs approved requests of `OWN_SIGNER`, whoever made them: certificates of servers for names of Services, for a year at most.
 * What asks for more gets the condition Failed. Every replica signs; the resource version sees to it that one succeeds.
 */
export async function startSigner(client: Client, { namespace, secretName, report }: SignerOptions): Promise<Signer> {
  const agree = (): Promise<CertificateAuthority> => agreeOnAuthority(client, namespace, secretName);
  await agree();
  const shared = informers(client, { onError: (error) => report(`the requests to sign: ${(error as Error).message}`) });
  const requests = shared.for(CertificateSigningRequest, { fieldSelector: `spec.signerName=${OWN_SIGNER}` });
  const see = async (request: Request): Promise<void> => {
    const { certificate, conditions = [] } = request.status ?? {};
    const approved = conditions.some(({ type }) => type === "Approved");
    if (!approved || certificate || conditions.some(({ type }) => type === "Failed")) return;
    await answer(client, request, agree).catch((error: unknown) => {
      // Another replica signed it, or it is gone.
      if (!(error instanceof ConflictError) && !(error instanceof NotFoundError))
        report(`CertificateSigningRequest ${request.metadata.name} could not be signed: ${(error as Error).message}`);
    });
  };
  requests.addHandler({ onAdd: (one) => see(one as Request), onUpdate: (one) => see(one as Request) });
  shared.start();
  return { authority: async () => (await agree()).certificate, stop: () => shared.stop() };
}

async function answer(client: Client, request: Request, agree: () => Promise<CertificateAuthority>): Promise<void> {
  const refused = refusalOf(request);
  const { conditions = [] } = request.status ?? {};
  const failed = { type: "Failed", status: "True", reason: "NotAllowed", message: refused ?? "" };
  const status =
    refused === undefined
      ? { ...request.status, certificate: Buffer.from(await sign(request, await agree())).toString("base64") }
      : { ...request.status, conditions: [...conditions, failed] };
  await client.update(CertificateSigningRequest, { ...request, status } as never, { subresource: "status" });
}

/** The certificate, and behind it the authority, by which the requester learns whom callers must trust. */
async function sign({ spec }: Request, authority: CertificateAuthority): Promise<string> {
  const validity = Math.min((spec.expirationSeconds ?? Number.POSITIVE_INFINITY) * 1000, LEAF_VALIDITY);
  return signCsr(authority, pemOf(spec.request), { usages: ["server auth"], validity }) + authority.certificate;
}

/** Why this signer does not sign it; `undefined` where it does. */
export function refusalOf({ spec }: Pick<Request, "spec">): string | undefined {
  const { usages = [] } = spec;
  const odd = usages.find((usage) => !USAGES.includes(usage));
  if (odd !== undefined || !usages.includes("server auth"))
    return `the signer ${OWN_SIGNER} issues certificates of servers: usages are "server auth", and with it "digital signature" and "key encipherment", not ${JSON.stringify(usages)}`;
  try {
    const { dnsNames, ipAddresses, organizations, commonName } = readCsr(pemOf(spec.request));
    if (dnsNames.length === 0) return "the request names no DNS name";
    const other = [...dnsNames, ...ipAddresses, ...(commonName ? [commonName] : [])].find((name) => !SERVICE_NAME.test(name));
    if (other !== undefined) return `the signer ${OWN_SIGNER} signs names of Services (name.namespace.svc), not ${other}`;
    if (organizations.length > 0) return `the signer ${OWN_SIGNER} signs no organizations`;
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function agreeOnAuthority(client: Client, namespace: string, name: string): Promise<CertificateAuthority> {
  const data = await agreeOnSecret(client, { namespace, name, labels: {} }, "Opaque", (found) => {
    if (found && found["rotate"] === undefined && isGood(found)) return undefined;
    const { certificate, key } = createCa({ commonName: `outrigger webhooks of ${namespace}` });
    return { "ca.crt": certificate, "ca.key": key, since: new Date().toISOString() };
  });
  return { certificate: data["ca.crt"] ?? "", key: data["ca.key"] ?? "" };
}

function isGood(data: SecretData): boolean {
  const { "ca.crt": certificate = "", "ca.key": key = "" } = data;
  if (!isKeyOf(certificate, key)) return false;
  const now = Date.now();
  return inspectCertificate(certificate).notBefore.getTime() <= now && now < renewalTime(certificate).getTime();
}

function pemOf(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
