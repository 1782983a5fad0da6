/** How to reach one cluster as one identity: a kubeconfig's context, resolved. Files are read when it is made, except `tokenFile`. */
export interface ClusterAccess {
  /** `https://host:port`, maybe with a path. */
  readonly server: string;
  /** The context's namespace; `default` where it names none, the pod's own in a cluster. */
  readonly namespace: string;
  /** PEM of the authorities that the server's certificate may come from; the system's where absent. */
  readonly ca?: string;
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly proxyUrl?: string;
  readonly credentials: Credentials;
  /** Where it was read from, for messages: a file, `in-cluster`, … */
  readonly source: string;
}

export interface Credentials {
  /** PEM. */
  readonly cert?: string;
  /** PEM. */
  readonly key?: string;
  readonly token?: string;
  /** Read again once a minute, since tokens of pods rotate. Goes before `token`. */
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: ExecCredentialSource;
  readonly impersonate?: {
    readonly user: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

/** A program that prints an `ExecCredential` (client.authentication.k8s.io). */
export interface ExecCredentialSource {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint?: string;
  /** Given to the program in `KUBERNETES_EXEC_INFO` when the kubeconfig says `provideClusterInfo`. */
  readonly cluster?: object;
  /** Folder in which a relative command is looked up. */
  readonly folder: string;
  /** File and field of the kubeconfig, for messages. */
  readonly source: string;
  readonly field: string;
}
