import type { RunState } from "./follower.ts";
import type { RunRecord, Termination } from "./run-file.ts";

interface ContainerState {
  readonly running?: { readonly startedAt?: string } | undefined;
  readonly terminated?: (Termination & { readonly containerID?: string }) | undefined;
  readonly waiting?: object | undefined;
}
interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly containerID?: string;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}
/** What following logs needs to know of a pod. */
export interface LoggedPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
  };
  readonly spec?: {
    readonly nodeName?: string;
    readonly restartPolicy?: string;
    readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
  };
}

/** A run of a container that the pod's status tells of, and whose log the kubelet may have. */
export interface SeenRun extends Pick<RunRecord, "container" | "restart" | "containerID" | "startedAt">, RunState {}

/** The runs of a pod's containers: the present one of each, and the one before it. The kubelet keeps no others. */
export function runsOf({ spec, status }: LoggedPod): SeenRun[] {
  const all = (list: readonly ContainerStatus[] | undefined, kind: "init" | "main" | "ephemeral"): SeenRun[] =>
    (list ?? []).flatMap((one) => runsOfContainer(one, kind));
  return [
    ...all(status?.initContainerStatuses, "init"),
    ...all(status?.containerStatuses, "main"),
    ...all(status?.ephemeralContainerStatuses, "ephemeral"),
  ];

  function runsOfContainer({ name, restartCount, containerID, state, lastState }: ContainerStatus, kind: string): SeenRun[] {
    const runs: SeenRun[] = [];
    const last = lastState?.terminated;
    // While a container waits to be started again, the count has not risen yet.
    if (last?.containerID)
      runs.push(run(name, state?.waiting ? restartCount : restartCount - 1, last.containerID, "previous", last, false));
    const ended = state?.terminated;
    if (ended && (ended.containerID ?? containerID))
      runs.push(run(name, restartCount, (ended.containerID ?? containerID)!, "ended", ended, isFinal(name, kind, ended.exitCode)));
    else if (state?.running && containerID) {
      const { startedAt } = state.running;
      runs.push({ ...run(name, restartCount, containerID, "running", undefined, false), ...(startedAt ? { startedAt } : {}) });
    }
    return runs.filter(({ restart }) => restart >= 0);
  }

  function isFinal(name: string, kind: string, exitCode: number): boolean {
    if (status?.phase === "Succeeded" || status?.phase === "Failed" || kind === "ephemeral") return true;
    const policy = (kind === "init" && spec?.initContainers?.find((one) => one.name === name)?.restartPolicy) || spec?.restartPolicy;
    if (policy === "Never") return true;
    return (kind === "init" || policy === "OnFailure") && policy !== undefined && exitCode === 0 && !isSidecar(name, kind);
  }
  function isSidecar(name: string, kind: string): boolean {
    return kind === "init" && spec?.initContainers?.find((one) => one.name === name)?.restartPolicy === "Always";
  }
}

function run(
  container: string,
  restart: number,
  containerID: string,
  at: RunState["at"],
  terminated: (Termination & { readonly containerID?: string }) | undefined,
  isLast: boolean,
): SeenRun {
  const { containerID: _, ...termination } = terminated ?? {};
  return {
    container,
    restart,
    containerID,
    at,
    isLast,
    ...(terminated ? { terminated: termination as Termination } : {}),
    ...(terminated?.startedAt ? { startedAt: terminated.startedAt } : {}),
  };
}
