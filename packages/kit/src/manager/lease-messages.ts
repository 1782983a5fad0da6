import type { ClusterAccess, KubeconfigOptions } from "../client/index.ts";
import type { LeaderElectionOptions } from "./leader-election.ts";
import type { LogLine } from "./thread-log.ts";

/** What the lease's thread is started with. */
export interface LeaseThreadData {
  readonly cluster: ClusterAccess | KubeconfigOptions;
  readonly userAgent: string;
  readonly options: LeaderElectionOptions & { readonly name: string; readonly namespace: string };
  /** Milliseconds before the lease's end by which a process that does not react is ended. */
  readonly spareMs: number;
  /** One 64-bit number: until when nobody else can have the lease, in nanoseconds of `process.hrtime`, which all threads share. */
  readonly until: SharedArrayBuffer;
}

export type ToLeaseThread = { readonly type: "acknowledge" } | { readonly type: "stop"; readonly giveBack: boolean };

export type FromLeaseThread =
  | { readonly type: "leading" }
  /** `endBy` in nanoseconds of `process.hrtime`. */
  | { readonly type: "lost"; readonly message: string; readonly endBy: bigint }
  | { readonly type: "request"; readonly method: string; readonly code: string; readonly host: string }
  | LogLine;
