import type { Client, Transport } from "@outrigger/kit/client";
import type { LogSource } from "./kubelet/index.ts";
import type { UserInfo } from "./registry/index.ts";
import type { ServiceAccountKeys, StaticToken } from "./server/index.ts";

export interface DevclusterOptions {
  /** TCP port; 0 lets the system choose one. Default: the port that `dataDir` had last, else 0. */
  readonly port?: number;
  /** Address to listen on, `127.0.0.1` unless said otherwise. */
  readonly host?: string;
  /** The API server alone, as envtest gives it: no control loops, no node, ServiceAccount plug-in off. */
  readonly bare?: boolean;
  /** Also writes the kubeconfig to this file, readable by its owner alone (0600); `close()` takes it away. A file about other clusters is refused. */
  readonly kubeconfigFile?: string;
  /**
   * Folder in which objects and credentials outlive the process; made when it is not there. Default: they live in memory.
   * A write is answered once it is on the disk.
   */
  readonly dataDir?: string;
  /** Control loops and kubelet; `false` leaves them out (the admission chain stays whole). On unless `bare`. */
  readonly controllers?: boolean | { readonly nodes?: number };
  /** Bearer tokens beside the ones of the kubeconfig. */
  readonly tokens?: readonly StaticToken[];
  /** A file of further bearer tokens, as kube-apiserver's `--token-auth-file` has it: `token,user,uid,"group1,group2"` a line. */
  readonly tokenAuthFile?: string;
  /** Where requests are written, and how much of each: the API server's audit log. Off unless given. */
  readonly audit?: {
    /** The file that lines are appended to; `-` is standard output. */
    readonly log: string;
    /** A file with an `audit.k8s.io/v1 Policy`. Default: the metadata of each request. */
    readonly policy?: string;
  };
  /** The server's certificate chain and its key, PEM. Default: of the cluster's own authority, for loopback, `host` and the Service `kubernetes`. */
  readonly serving?: { readonly certificate: string; readonly key: string };
  /** Further authorities of client certificates, PEM. */
  readonly clientCa?: string;
  /** Who signs the tokens of ServiceAccounts. Default: a key of the cluster's own. */
  readonly serviceAccounts?: ServiceAccountKeys;
  /** Admission plug-ins to leave out, by Kubernetes' names; instead of those that `bare` leaves out. */
  readonly disabledAdmissionPlugins?: readonly string[];
  /** Where container logs come from; may be set later with `setLogSource`. */
  readonly logs?: LogSource;
}

/** A running control plane. */
export interface Devcluster {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** The certificate authority of the server and of client certificates, PEM. */
  readonly ca: string;
  /** Kubeconfig text with the contexts `admin` (system:masters, by client certificate) and `alice` (group developers, by token). */
  readonly kubeconfig: string;
  /** A client inside this process, without sockets; system:masters unless another user is given. */
  client(user?: UserInfo): Promise<Client>;
  /** The same as a transport; requests go through the whole handler, authorization and admission included. */
  transport(user?: UserInfo): Transport;
  setLogSource(source: LogSource | undefined): void;
  /** Stops the control loops, ends every watch and connection, frees the port. */
  close(): Promise<void>;
}

/** The file that the kubeconfig should go to says how to reach other clusters, which would be lost. `code` is `EEXIST`. */
export class KubeconfigInUseError extends Error {
  override readonly name = "KubeconfigInUseError";
  readonly code = "EEXIST";
  readonly path: string;
  constructor(path: string) {
    super(`${path} holds something else than a devcluster's kubeconfig, and is left as it is: choose another place with --kubeconfig FILE`);
    this.path = path;
  }
}
