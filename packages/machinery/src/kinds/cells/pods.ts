import { isNativeSidecar, podCondition, podFinished } from "@outrigger/kit/kinds";
import type { core } from "@outrigger/kit/kubernetes";
import { age, containerCells, labelsText, name, type Printers, printer, since } from "./printer.ts";

export const podCells: Printers = {
  "/Pod": printer<core.Pod>((pod, now) => {
    const { ready, reason, restarts, lastRestart } = stateOf(pod);
    const total = (pod.spec?.containers ?? []).length + (pod.spec?.initContainers ?? []).filter(isNativeSidecar).length;
    const restarted = restarts !== 0 && lastRestart ? `${restarts} (${since(lastRestart, now)} ago)` : String(restarts);
    return [
      name(pod),
      `${ready}/${total}`,
      reason,
      restarted,
      age(pod, now),
      pod.status?.podIPs?.[0]?.ip || "<none>",
      pod.spec?.nodeName || "<none>",
      pod.status?.nominatedNodeName || "<none>",
      readinessGates(pod),
    ];
  }),
  "/PodTemplate": printer<core.PodTemplate>((object) => [
    name(object),
    ...containerCells(object.template?.spec),
    labelsText(object.template?.metadata?.labels),
  ]),
};

/** What the columns Ready, Status and Restarts say. */
interface PodState {
  readonly ready: number;
  readonly reason: string;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
}

function stateOf(pod: core.Pod): PodState {
  const before = initState(pod);
  const now =
    before.stuckAt === undefined || podCondition(pod, "Initialized") === "True"
      ? mainState(pod, before)
      : { ...before, reason: before.stuckAt };
  return { ...now, reason: leaving(pod) ?? now.reason };
}

/** How far the init containers have come; `stuckAt` names the first that is not done. */
interface InitState extends PodState {
  readonly stuckAt: string | undefined;
  /** Restarts of sidecars alone, which count on once the pod runs. */
  readonly sidecars: Restarts;
}

function initState(pod: core.Pod): InitState {
  const containers = new Map<string, core.Container>((pod.spec?.initContainers ?? []).map((container) => [container.name, container]));
  const all = new Restarts();
  const sidecars = new Restarts();
  let ready = 0;
  let stuckAt: string | undefined;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const container = containers.get(status.name);
    const sidecar = container !== undefined && isNativeSidecar(container);
    all.add(status);
    if (sidecar) sidecars.add(status);
    if (status.state?.terminated?.exitCode === 0) continue;
    if (sidecar && status.started === true) {
      if (status.ready) ready++;
      continue;
    }
    stuckAt = `Init:${initProblem(status) ?? `${index}/${containers.size}`}`;
    break;
  }
  return { ready, reason: phaseOf(pod), restarts: all.count, lastRestart: all.last, stuckAt, sidecars };
}

function initProblem({ state }: core.ContainerStatus): string | undefined {
  if (state?.terminated) return endOf(state.terminated);
  const waiting = state?.waiting?.reason;
  return waiting && waiting !== "PodInitializing" ? waiting : undefined;
}

/** The containers proper: the first one (they are asked from the last) that is not well names the pod's state. */
function mainState(pod: core.Pod, { ready: readySidecars, stuckAt, reason: phase, sidecars: restarts }: InitState): PodState {
  let ready = readySidecars;
  let reason = stuckAt ?? phase;
  let failure: string | undefined;
  let running = false;
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    restarts.add(status);
    const { waiting, terminated } = status.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated) {
      reason = endOf(terminated);
      if (terminated.exitCode !== 0) failure = reason;
    } else if (status.ready && status.state?.running) {
      running = true;
      ready++;
    }
  }
  // A container that has ended well says nothing of the others.
  if (reason === "Completed") {
    if (running && podCondition(pod, "Ready") === "True") reason = "Running";
    else if (failure) reason = failure;
    else if (running) reason = "NotReady";
  }
  return { ready, reason, restarts: restarts.count, lastRestart: restarts.last };
}

class Restarts {
  count = 0;
  last: string | undefined;

  add(status: core.ContainerStatus): void {
    this.count += status.restartCount ?? 0;
    const ended = status.lastState?.terminated?.finishedAt;
    if (ended && (this.last === undefined || Date.parse(ended) > Date.parse(this.last))) this.last = ended;
  }
}

/** The pod's own word on its state. */
function phaseOf({ status }: core.Pod): string {
  if (status?.conditions?.some((condition) => condition.type === "PodScheduled" && condition.reason === "SchedulingGated"))
    return "SchedulingGated";
  return status?.reason || status?.phase || "";
}

function endOf({ reason, signal, exitCode }: { readonly reason?: string; readonly signal?: number; readonly exitCode: number }): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}

/** What is said of a pod that is being deleted, whatever its containers do. */
function leaving(pod: core.Pod): string | undefined {
  if (!pod.metadata?.deletionTimestamp) return undefined;
  if (pod.status?.reason === "NodeLost") return "Unknown";
  return podFinished(pod) ? undefined : "Terminating";
}

function readinessGates(pod: core.Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  return `${gates.filter(({ conditionType }) => podCondition(pod, conditionType) === "True").length}/${gates.length}`;
}
