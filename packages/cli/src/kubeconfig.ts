import type { KubeconfigOptions } from "@outrigger/kit/client";

/** What commands that talk to a cluster take. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function kubeconfigOptions({ kubeconfig, context }: ClusterOptions): KubeconfigOptions {
  return { ...(kubeconfig ? { file: kubeconfig } : {}), ...(context ? { context } : {}) };
}
