import { Buffer } from "node:buffer";
import { randomUUID, sign, verify } from "node:crypto";
import type { ClusterSigner } from "../controllers/index.ts";
import type { ClusterReader, UserInfo } from "../registry/index.ts";
import { serviceAccountGroups, type TokenReader } from "./authenticate.ts";
import { type ServiceAccountKeys, signingKeys } from "./signing-keys.ts";
import type { TokenIssuer } from "./subresources/token.ts";

const defaultIssuer = "https://kubernetes.default.svc.cluster.local";

/** The issuer of the tokens that are stored in Secrets. */
const legacyIssuer = "kubernetes/serviceaccount";

/** The claims of a token that is stored in a Secret. */
interface SecretClaims {
  readonly iss: string;
  readonly sub: string;
  readonly "kubernetes.io/serviceaccount/namespace": string;
  readonly "kubernetes.io/serviceaccount/secret.name": string;
  readonly "kubernetes.io/serviceaccount/service-account.name": string;
  readonly "kubernetes.io/serviceaccount/service-account.uid": string;
}

interface Claims {
  aud: string[];
  exp: number;
  iss: string;
  sub: string;
  jti: string;
  "kubernetes.io": { namespace: string; serviceaccount: { name: string; uid: string }; pod?: { name: string; uid: string } };
}

export interface ServiceAccountTokens extends TokenIssuer {
  readonly read: TokenReader;
  /** For TokenReview: the user and the audiences of a token, as long as its account exists. */
  inspect(token: string): { user: UserInfo; audiences: readonly string[] } | undefined;
  /** A token that lasts as long as the Secret that holds it, as the tokens controller writes them. */
  readonly secretToken: ClusterSigner["secretToken"];
  /** How tokens are signed: `ES256`, `RS256`. */
  readonly algorithms: readonly string[];
  /** `/openid/v1/jwks` */
  keys(): object;
}

/**
 * Issues and reads the JSON Web Tokens of ServiceAccounts: bound to the account, to the pod where there is one, and to a time.
 *
 * @throws ClusterFileError when a given key cannot be read.
 */
export function serviceAccountTokens(reader: ClusterReader, given: ServiceAccountKeys): ServiceAccountTokens {
  const { issuer = defaultIssuer } = given;
  const { signing, believed } = signingKeys(given);
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

  function inspect(token: string): { user: UserInfo; audiences: readonly string[] } | undefined {
    const [head, body, signature, more] = token.split(".");
    if (!head || !body || !signature || more !== undefined) return undefined;
    const text = Buffer.from(`${head}.${body}`);
    const signatureBytes = Buffer.from(signature, "base64url");
    if (!believed.some(({ key }) => verify("sha256", text, { key, dsaEncoding: "ieee-p1363" }, signatureBytes))) return undefined;
    const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Claims;
    if (claims.iss === legacyIssuer) return ofSecret(claims as never, token);
    if (claims.iss !== issuer || claims.exp * 1000 < Date.now()) return undefined;
    const { namespace, serviceaccount, pod } = claims["kubernetes.io"];
    const account = reader.get("", "serviceaccounts", { namespace, name: serviceaccount.name });
    if (account?.metadata.uid !== serviceaccount.uid) return undefined;
    if (pod && reader.get("", "pods", { namespace, name: pod.name })?.metadata.uid !== pod.uid) return undefined;
    const extra: Record<string, readonly string[]> = { "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`] };
    if (pod) {
      extra["authentication.kubernetes.io/pod-name"] = [pod.name];
      extra["authentication.kubernetes.io/pod-uid"] = [pod.uid];
    }
    return {
      user: { username: claims.sub, uid: serviceaccount.uid, groups: serviceAccountGroups(namespace), extra },
      audiences: claims.aud,
    };
  }

  /** A token in a Secret is valid while the Secret holds it and its account exists. */
  function ofSecret(claims: SecretClaims, token: string): { user: UserInfo; audiences: readonly string[] } | undefined {
    const claim = (name: string): string => claims[`kubernetes.io/serviceaccount/${name}` as "sub"];
    const [namespace, uid] = [claim("namespace"), claim("service-account.uid")];
    const account = reader.get("", "serviceaccounts", { namespace, name: claim("service-account.name") });
    const secret = reader.get("", "secrets", { namespace, name: claim("secret.name") });
    const held = (secret?.["data"] as Record<string, string> | undefined)?.["token"];
    if (account?.metadata.uid !== uid || held === undefined || Buffer.from(held, "base64").toString() !== token) return undefined;
    return { user: { username: claims.sub, uid, groups: serviceAccountGroups(namespace) }, audiences: [issuer] };
  }

  function signed(body: object): string {
    const text = `${encode({ alg: signing.alg, kid: signing.kid })}.${encode(body)}`;
    return `${text}.${sign("sha256", Buffer.from(text), { key: signing.key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  }

  return {
    audience: issuer,
    algorithms: [...new Set(believed.map(({ alg }) => alg))],
    secretToken: ({ namespace, secret, account }) =>
      signed({
        iss: legacyIssuer,
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": secret,
        "kubernetes.io/serviceaccount/service-account.name": account.name,
        "kubernetes.io/serviceaccount/service-account.uid": account.uid,
        sub: `system:serviceaccount:${namespace}:${account.name}`,
      } satisfies SecretClaims),
    issue({ namespace, name, uid, audiences, lifetime, pod }) {
      const now = Math.floor(Date.now() / 1000);
      const body = {
        aud: audiences,
        exp: now + lifetime,
        iat: now,
        iss: issuer,
        jti: randomUUID(),
        "kubernetes.io": { namespace, ...(pod ? { pod } : {}), serviceaccount: { name, uid } },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${name}`,
      };
      return signed(body);
    },
    inspect,
    read(token) {
      const found = inspect(token);
      return found?.audiences.includes(issuer) ? found.user : undefined;
    },
    keys: () => ({ keys: believed.map(({ key, alg, kid }) => ({ use: "sig", alg, kid, ...key.export({ format: "jwk" }) })) }),
  };
}
