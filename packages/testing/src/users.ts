import { type Client, type ClusterAccess, connect, type KubeconfigOptions, loadKubeconfig } from "@outrigger/kit/client";
import type { TestCluster, TestUser } from "./cluster.ts";

/** What makes a test cluster; clients come from `Users`. */
export type ClusterParts = Omit<TestCluster, "client" | "clientAs" | typeof Symbol.asyncDispose>;

/** The clients of one cluster: its administrator's, and others' by impersonation, which the administrator may use. */
export class Users {
  readonly #access: ClusterAccess;
  readonly #clients = new Map<string, Client>();

  /** @throws KubeconfigError */
  constructor(kubeconfig: KubeconfigOptions) {
    this.#access = loadKubeconfig(kubeconfig);
  }

  /** Adds the clients to a cluster; they are closed before it is. */
  of(parts: ClusterParts): TestCluster {
    const close = async (): Promise<void> => {
      const clients = [...this.#clients.values()];
      this.#clients.clear();
      await Promise.all(clients.map((client) => client.close()));
      await parts.close();
    };
    const as = (user: TestUser | undefined): Client => this.#as(user);
    return {
      ...parts,
      // Made when it is first asked for: a test that has its own loads no HTTP client.
      get client() {
        return as(undefined);
      },
      clientAs: as,
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  #as(user: TestUser | undefined): Client {
    const key = JSON.stringify(user ?? null);
    let client = this.#clients.get(key);
    if (!client) {
      const { credentials } = this.#access;
      const impersonate = user && { user: user.name, ...(user.groups ? { groups: user.groups } : {}) };
      client = connect({ ...this.#access, credentials: impersonate ? { ...credentials, impersonate } : credentials });
      this.#clients.set(key, client);
    }
    return client;
  }
}
