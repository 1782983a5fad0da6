import type { ClusterAccess, KubeconfigOptions } from "../client/index.ts";
import type { MetricFamilies } from "../metrics/index.ts";
import type { LogLine } from "./thread-log.ts";

/** What the thread of a manager is started with. */
export interface ManagerThreadData {
  readonly module: string;
  readonly data: unknown;
  readonly name: string;
  readonly cluster: ClusterAccess | KubeconfigOptions;
}

export type ToManagerThread = { readonly type: "stop" } | { readonly type: "metrics"; readonly id: number };

export type FromManagerThread =
  | { readonly type: "serving" | "synced" | "stopped" }
  | { readonly type: "failed"; readonly name: string; readonly message: string }
  | { readonly type: "metrics"; readonly id: number; readonly families: MetricFamilies }
  | LogLine;
