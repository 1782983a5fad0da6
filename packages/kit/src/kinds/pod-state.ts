// Readiness and container states of pods.

interface PodLike {
  readonly spec?:
    | { readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string | undefined }[] | undefined }
    | undefined;
  readonly status?:
    | {
        readonly phase?: string | undefined;
        readonly conditions?: readonly { readonly type: string; readonly status: string }[] | undefined;
      }
    | undefined;
}

/** Whether the pod's condition Ready is true. */
export function podReady(pod: PodLike): boolean {
  return podCondition(pod, "Ready") === "True";
}

/** The status of a condition: `True`, `False`, `Unknown`; nothing where there is no such condition. */
export function podCondition(pod: PodLike, type: string): string | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type)?.status;
}

/** Succeeded or Failed: it will not run again. */
export function podFinished(pod: PodLike): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** An init container that keeps running beside the others (`restartPolicy: Always`). */
export function isNativeSidecar(container: { readonly restartPolicy?: string | undefined }): boolean {
  return container.restartPolicy === "Always";
}
