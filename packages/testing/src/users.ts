import { type Client, type ClusterAccess, connect, type KubeconfigOptions, loadKubeconfig } from "@outrigger/kit/client";
import type { TestCluster, TestUser } from "./cluster.ts";
import { deleteNamespaces, newName, newNamespace } from "./namespaces.ts";
import { grant, type RestrictedOptions, type RestrictedRules } from "./restricted.ts";

/** What makes a test cluster; clients come from `Users`. */
export type ClusterParts = Omit<TestCluster, "client" | "clientAs" | "namespace" | "restrictedTo" | typeof Symbol.asyncDispose>;

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
    const as = (user: TestUser | undefined): Client => this.#as(user);
    const namespaces: string[] = [];
    const granted: (() => Promise<void>)[] = [];
    const close = async (): Promise<void> => {
      if (parts.kind === "existing") for (const take of granted.splice(0)) await take();
      if (parts.kind === "existing" && namespaces.length > 0) await deleteNamespaces(as(undefined), namespaces.splice(0));
      const clients = [...this.#clients.values()];
      this.#clients.clear();
      await Promise.all(clients.map((client) => client.close()));
      await parts.close();
    };
    return {
      ...parts,
      // Made when it is first asked for: a test that has its own loads no HTTP client.
      get client() {
        return as(undefined);
      },
      clientAs: as,
      async namespace(prefix = "test") {
        const name = await newNamespace(as(undefined), prefix, parts.controllers);
        namespaces.push(name);
        return name;
      },
      restrictedTo: async (rules: RestrictedRules, { user = newName("test"), namespace = "default" }: RestrictedOptions = {}) => {
        granted.push(await grant(as(undefined), (name) => as({ name }), rules, { user, namespace }));
        return this.#accessAs({ name: user });
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  #as(user: TestUser | undefined): Client {
    const key = JSON.stringify(user ?? null);
    let client = this.#clients.get(key);
    if (!client) {
      client = connect(this.#accessAs(user));
      this.#clients.set(key, client);
    }
    return client;
  }

  #accessAs(user: TestUser | undefined): ClusterAccess {
    if (!user) return this.#access;
    const impersonate = { user: user.name, ...(user.groups ? { groups: user.groups } : {}) };
    return { ...this.#access, credentials: { ...this.#access.credentials, impersonate } };
  }
}
