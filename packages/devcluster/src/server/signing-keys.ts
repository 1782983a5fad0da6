import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { ClusterFileError } from "./cluster-file.ts";

/** How tokens of ServiceAccounts are signed and read. */
export interface ServiceAccountKeys {
  /** Default: `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer?: string | undefined;
  /** Private key, PEM, RSA or P-256. */
  readonly signingKey: string;
  /** Public or private keys or certificates, PEM, whose tokens are believed; the signing key's always are. */
  readonly keys?: readonly string[];
}

/** A key, how it signs, and its name in tokens. */
interface NamedKey {
  readonly key: KeyObject;
  readonly alg: "ES256" | "RS256";
  readonly kid: string;
}

/**
 * The key that signs tokens of ServiceAccounts, and those whose tokens are believed.
 *
 * @throws ClusterFileError when a text holds no key, or one of another kind than RSA and P-256.
 */
export function signingKeys(given: ServiceAccountKeys): { readonly signing: NamedKey; readonly believed: readonly NamedKey[] } {
  const privateKey = read(given.signingKey, createPrivateKey);
  const first = named(createPublicKey(privateKey));
  const others = (given.keys ?? []).map((text) => named(read(text, createPublicKey))).filter(({ kid }) => kid !== first.kid);
  return { signing: { ...first, key: privateKey }, believed: [first, ...others] };
}

/** A new private key, PEM. */
export function newSigningKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256", privateKeyEncoding: pem, publicKeyEncoding: spki }).privateKey;
}

const pem = { type: "pkcs8", format: "pem" } as const;
const spki = { type: "spki", format: "pem" } as const;

function read(text: string, parse: (text: string) => KeyObject): KeyObject {
  try {
    return parse(text);
  } catch (error) {
    throw new ClusterFileError(`a key of ServiceAccount tokens cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function named(key: KeyObject): NamedKey {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType !== "rsa" && curve !== "prime256v1") {
    throw new ClusterFileError(`a key of ServiceAccount tokens is ${curve ?? key.asymmetricKeyType}: RSA and P-256 keys can sign tokens`);
  }
  const kid = createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("base64url");
  return { key, alg: curve === undefined ? "RS256" : "ES256", kid };
}
