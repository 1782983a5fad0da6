import type { Client, KubeconfigOptions } from "@outrigger/kit/client";

/** What commands that talk to a cluster take. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function kubeconfigOptions({ kubeconfig, context }: ClusterOptions): KubeconfigOptions {
  return { ...(kubeconfig ? { file: kubeconfig } : {}), ...(context ? { context } : {}) };
}

/** Works with a client of that cluster, and closes it. */
export async function withClient<T>(options: ClusterOptions, work: (client: Client) => Promise<T>): Promise<T> {
  const { connect } = await import("@outrigger/kit/client");
  const client = connect(kubeconfigOptions(options));
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
