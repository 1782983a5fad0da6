import { createHash, randomBytes } from "node:crypto";
import type { Container, PodStatus } from "../objects/index.ts";

export type ContainerStatus = NonNullable<PodStatus["containerStatuses"]>[number];
interface Ended {
  readonly exitCode: number;
  readonly reason: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly containerID: string;
}

/** One container of a pod, as it runs or does not. */
export interface ContainerRun {
  state: "waiting" | "running" | "ended";
  /** The image that was started last, or could not be. */
  image: string;
  /** Why it waits. */
  reason: string;
  message: string | undefined;
  id: string | undefined;
  startedAt: string;
  ready: boolean;
  /** Its startup probe fails: it runs, and has not started. */
  unstarted: boolean;
  restarts: number;
  /** How the present run ended. */
  end: Ended | undefined;
  /** How the run before it ended. */
  last: Ended | undefined;
  /** Failures in a row, for the back-off. */
  failures: number;
}

export function waitingRun(reason: string): ContainerRun {
  return {
    state: "waiting",
    image: "",
    reason,
    message: undefined,
    id: undefined,
    startedAt: "",
    ready: false,
    unstarted: false,
    restarts: -1,
    end: undefined,
    last: undefined,
    failures: 0,
  };
}

export function start(run: ContainerRun, image: string, now: string): void {
  run.last = run.end ?? run.last;
  run.end = undefined;
  run.restarts++;
  run.state = "running";
  run.image = image;
  run.message = undefined;
  run.startedAt = now;
  run.id = `containerd://${randomBytes(32).toString("hex")}`;
  run.ready = false;
}
export function end(run: ContainerRun, exitCode: number, now: string): void {
  run.state = "ended";
  run.ready = false;
  run.end = {
    exitCode,
    reason: exitCode === 0 ? "Completed" : "Error",
    startedAt: run.startedAt,
    finishedAt: now,
    containerID: run.id ?? "",
  };
}
/** Waits for another start after its end, or for a first one. */
export function wait(run: ContainerRun, reason: string, message?: string): void {
  run.last = run.end ?? run.last;
  run.end = undefined;
  run.state = "waiting";
  run.ready = false;
  run.reason = reason;
  run.message = message;
}

/** A run as an earlier kubelet left it in a pod's status. */
export function restoredRun(status: ContainerStatus): ContainerRun {
  const { state, lastState, containerID, image, restartCount, ready } = status;
  const run = waitingRun(state?.waiting?.reason ?? "ContainerCreating");
  run.image = image;
  run.id = containerID;
  run.restarts = containerID === undefined ? -1 : restartCount;
  run.ready = ready;
  run.message = state?.waiting?.message;
  run.last = lastState?.terminated as Ended | undefined;
  if (state?.running) {
    run.state = "running";
    run.startedAt = state.running.startedAt as string;
  } else if (state?.terminated) {
    run.state = "ended";
    run.end = state.terminated as Ended;
  }
  return run;
}

const digests = new Map<string, string>();
function imageId(image: string): string {
  let id = digests.get(image);
  if (!id) {
    if (digests.size > 1000) digests.clear();
    id = `${image.replace(/:[^/:@]+$/, "").replace(/@.*$/, "")}@sha256:${createHash("sha256").update(image).digest("hex")}`;
    digests.set(image, id);
  }
  return id;
}
/** The reference that a runtime knows an image by. */
export function resolvedImage(image: string): string {
  return /:[^/]+$|@/.test(image) ? image : `${image}:latest`;
}

/** What the pod's status says of a container. */
export function containerStatus(container: Container, run: ContainerRun): object {
  const { name, resources, volumeMounts } = container;
  const began = run.id !== undefined;
  return {
    name,
    ...(resources?.requests ? { allocatedResources: resources.requests } : {}),
    ...(began
      ? { containerID: run.id, image: resolvedImage(run.image), imageID: imageId(resolvedImage(run.image)) }
      : { image: container.image, imageID: "" }),
    lastState: run.last ? { terminated: run.last } : {},
    ready: run.ready,
    ...(began ? { resources: resources ?? {} } : {}),
    restartCount: Math.max(0, run.restarts),
    started: run.state === "running" && !run.unstarted,
    state:
      run.state === "running"
        ? { running: { startedAt: run.startedAt } }
        : run.state === "ended"
          ? { terminated: run.end }
          : { waiting: { reason: run.reason, ...(run.message === undefined ? {} : { message: run.message }) } },
    ...(volumeMounts?.length
      ? {
          volumeMounts: volumeMounts.map(({ name: volume, mountPath, readOnly }) => ({
            name: volume,
            mountPath,
            ...(readOnly ? { readOnly, recursiveReadOnly: "Disabled" } : {}),
          })),
        }
      : {}),
  };
}
