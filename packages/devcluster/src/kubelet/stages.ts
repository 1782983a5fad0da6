import type { ProbeKind } from "./probes.ts";

/** What a container does once it was started. */
export interface ImageStage {
  /** The image's beginning: `crash/`. */
  readonly prefix: string;
  /** The image cannot be pulled: the container never starts. */
  readonly pullFails?: boolean;
  /** The container ends by itself with this code … */
  readonly exitCode?: number;
  /** … after so many milliseconds. */
  readonly afterMs?: number;
  /** Of the probes that the container declares, those that fail. */
  readonly failingProbes?: readonly ProbeKind[];
  /** The image's user is root, which `runAsNonRoot` refuses. Other images are taken to have a user of their own. */
  readonly asRoot?: boolean;
}

/** How long each stage of a pod's life takes, in milliseconds, and what images do. */
export interface Stages {
  /** From binding to the sandbox with its address, the time of "ContainerCreating". */
  readonly sandboxMs: number;
  /** An init container's run. */
  readonly initMs: number;
  /** From a sidecar's start to the next init container. */
  readonly sidecarMs: number;
  /** From a container's start to its readiness. */
  readonly readyMs: number;
  /** From the end of a container whose image changed to its new start. */
  readonly restartMs: number;
  /** The run of a container whose pod does not restart it always. */
  readonly jobMs: number;
  /** From the wish to delete a pod to its end; the grace period if that is shorter. */
  readonly stopMs: number;
  /** From a failed pull to the first back-off. */
  readonly pullBackOffMs: number;
  /** Back-off after a container's first failure; doubled each time. */
  readonly backOffMs: number;
  readonly maxBackOffMs: number;
  /** Between two tries to mount a volume, or to make a container, that misses something. */
  readonly missingMs: number;
  readonly images: readonly ImageStage[];
}

export const DEFAULT_STAGES: Stages = {
  sandboxMs: 300,
  initMs: 100,
  sidecarMs: 50,
  readyMs: 0,
  restartMs: 100,
  jobMs: 1_000,
  stopMs: 200,
  pullBackOffMs: 500,
  backOffMs: 1_000,
  maxBackOffMs: 300_000,
  missingMs: 1_000,
  images: [
    { prefix: "fail/", pullFails: true },
    { prefix: "unready/", failingProbes: ["readiness"] },
    { prefix: "unlive/", failingProbes: ["liveness"] },
    { prefix: "unstarted/", failingProbes: ["startup"] },
    { prefix: "root/", asRoot: true },
    { prefix: "crash/", exitCode: 1, afterMs: 200 },
    { prefix: "exit1/", exitCode: 1, afterMs: 1_000 },
  ],
};

export function imageStage(stages: Stages, image: string): ImageStage | undefined {
  return stages.images.find(({ prefix }) => image.startsWith(prefix));
}
