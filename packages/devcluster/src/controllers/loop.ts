import type { Informers } from "@outrigger/kit/cache";
import type { Client } from "@outrigger/kit/client";
import type { Log, WritingEventRecorder } from "@outrigger/kit/controller";

/** What a control loop runs on. */
export interface LoopRuntime {
  readonly client: Client;
  readonly informers: Informers;
  /** Reports Events as `component`; one reporter for each name. */
  readonly reporter: (component: string) => WritingEventRecorder;
  readonly log: Log;
  /** The certificate authority that pods are told to trust, PEM. */
  readonly rootCa: string | undefined;
  /** Signs with the cluster's keys; absent where nobody does. */
  readonly signer: ClusterSigner | undefined;
}

/** What only the holder of the cluster's keys can do. */
export interface ClusterSigner {
  /** A token of a ServiceAccount that lasts as long as the Secret that holds it. */
  secretToken(of: {
    readonly namespace: string;
    readonly secret: string;
    readonly account: { readonly name: string; readonly uid: string };
  }): string;
  /** A certificate for a request, both PEM, that the API server trusts. */
  certificate(request: string, usages: readonly ("client auth" | "server auth")[], seconds: number): string;
}

/** A started loop. */
export interface RunningLoop {
  /** Its caches have synced and it works. */
  readonly ready: Promise<void>;
  /** Takes no more work and resolves when nothing of it is left running. */
  stop(): Promise<void>;
}
export type Loop = (runtime: LoopRuntime) => RunningLoop;

/** A loop that has nothing to do. */
export const IDLE: RunningLoop = { ready: Promise.resolve(), stop: async () => {} };

/** Loops that are started and stopped as one. */
export function together(loops: readonly RunningLoop[]): RunningLoop {
  return {
    ready: Promise.all(loops.map(({ ready }) => ready)).then(() => {}),
    stop: () => Promise.all(loops.map((loop) => loop.stop())).then(() => {}),
  };
}
