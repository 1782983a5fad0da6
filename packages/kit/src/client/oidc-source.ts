/** An OpenID Connect identity as kubectl's `auth-provider: {name: oidc}` keeps it: an id token, and what gets a new one. */
export interface OidcSource {
  readonly issuerUrl: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly idToken?: string;
  readonly refreshToken?: string;
  /** PEM of the issuer's authorities; the system's where absent. */
  readonly ca?: string;
  /** The kubeconfig that new tokens are written to; none for a kubeconfig that is no file. */
  readonly file?: string;
  /** Name of the user's entry in it. */
  readonly user: string;
  /** The environment's `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, by which the issuer is reached. Data, so that other threads can have it. */
  readonly proxies?: Readonly<Record<string, string>>;
  /** File and field of the kubeconfig, for messages. */
  readonly source: string;
  readonly field: string;
}
