import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { oid, sequence } from "./der.ts";
import { PkiError } from "./error.ts";

interface Algorithm {
  readonly identifier: Buffer;
  readonly hash: string | null;
}

const NULL = Buffer.of(0x05, 0x00);
// Authorities may be given by others, so their usual keys are known; our own are ECDSA P-256.
function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === "ec") {
    const wide = key.asymmetricKeyDetails?.namedCurve === "secp384r1";
    return wide
      ? { identifier: sequence(oid("1.2.840.10045.4.3.3")), hash: "sha384" }
      : { identifier: sequence(oid("1.2.840.10045.4.3.2")), hash: "sha256" };
  }
  if (key.asymmetricKeyType === "rsa") return { identifier: sequence(oid("1.2.840.113549.1.1.11"), NULL), hash: "sha256" };
  if (key.asymmetricKeyType === "ed25519") return { identifier: sequence(oid("1.3.101.112")), hash: null };
  throw new PkiError(`keys of type ${key.asymmetricKeyType} cannot sign certificates: use ECDSA, RSA or Ed25519`);
}

/** The AlgorithmIdentifier with which this key signs. */
export const signatureAlgorithm = (key: KeyObject): Buffer => algorithmOf(key).identifier;
export const signBytes = (key: KeyObject, bytes: Uint8Array): Buffer => sign(algorithmOf(key).hash, bytes, key);
export const verifyBytes = (key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean =>
  verify(algorithmOf(key).hash, bytes, key, signature);

/** @throws PkiError */
export function privateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new PkiError(`the private key cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** DER of the SubjectPublicKeyInfo. */
export const publicKeyDer = (key: KeyObject): Buffer =>
  (key.type === "private" ? createPublicKey(key) : key).export({ type: "spki", format: "der" });
