import type { KubeObject } from "../api/index.ts";

export interface EventOptions {
  /** Default `Normal`. */
  readonly type?: "Normal" | "Warning";
  /** What was being done; core Events of Kubernetes' own controllers have none. */
  readonly action?: string;
  /** The part of the object that it is about: `spec.containers{app}`. */
  readonly fieldPath?: string;
}

/** Takes Events to the API server, or nowhere. Never throws, never waits. */
export interface EventRecorder {
  event(about: Pick<KubeObject, "apiVersion" | "kind" | "metadata">, reason: string, message: string, options?: EventOptions): void;
}
