import type { ExecCredentialSource } from "./exec-source.ts";
import type { OidcSource } from "./oidc-source.ts";

/** How to reach one cluster as one identity: a kubeconfig's context, resolved. Certificates of the server are read when it is made; token and client certificate files again and again. */
export interface ClusterAccess {
  /** `https://host:port`, maybe with a path. */
  readonly server: string;
  /** The context's namespace; `default` where it names none, the pod's own in a cluster. */
  readonly namespace: string;
  /** PEM of the authorities that the server's certificate may come from; the system's where absent. */
  readonly ca?: string;
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** `http://`, `https://` or `socks5://[user:password@]host:port`: the kubeconfig's proxy, else the environment's. */
  readonly proxyUrl?: string;
  readonly credentials: Credentials;
  /** Where it was read from, for messages: a file, `in-cluster`, … */
  readonly source: string;
  /** Where its parts stand, for messages: the entries of cluster and user, and what names the proxy. */
  readonly places?: { readonly cluster?: Place; readonly user?: Place; readonly proxy?: Place };
}

/** A file and a field in it: `/home/a/.kube/config`, `clusters[c].cluster`. */
export interface Place {
  readonly file: string;
  readonly field: string;
}

/** A field of the cluster's or the user's entry, as far as it is known where that stands. */
export function placeOf(access: ClusterAccess, part: "cluster" | "user", field: string): Place {
  const place = access.places?.[part];
  return place ? { file: place.file, field: `${place.field}.${field}` } : { file: access.source, field };
}

export interface Credentials {
  /** PEM. */
  readonly cert?: string;
  /** PEM. */
  readonly key?: string;
  /** Files that `cert` and `key` came from; read again once a minute, since whoever renews them writes them there. */
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly token?: string;
  /** Read again once a minute, since tokens of pods rotate. Goes before `token`. */
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: ExecCredentialSource;
  readonly oidc?: OidcSource;
  readonly impersonate?: Impersonation;
}

/** On whose behalf requests are made (https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/). */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}
