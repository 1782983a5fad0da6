import type { Container, Pod, PodStatus } from "../objects/index.ts";
import { type ContainerRun, containerStatus } from "./container-run.ts";

type Condition = NonNullable<PodStatus["conditions"]>[number];
/** Condition types that the kubelet owns. */
const OWN = new Set(["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]);

export interface PodFacts {
  readonly runs: ReadonlyMap<string, ContainerRun>;
  readonly sandbox: boolean;
  readonly ip: string | undefined;
  readonly hostIP: string;
  readonly startTime: string;
}

export const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === "Always";
/** An init container lets the next one start. */
export function isInitialized(container: Container, run: ContainerRun | undefined): boolean {
  return isSidecar(container)
    ? (run?.state === "running" && !run.unstarted) || run?.last !== undefined || run?.end !== undefined
    : run?.end?.exitCode === 0;
}

/** The pod's phase from its containers (`kubelet.getPhase`). */
export function phaseOf({ spec }: Pod, runs: ReadonlyMap<string, ContainerRun>): "Pending" | "Running" | "Succeeded" | "Failed" {
  const inits = spec.initContainers ?? [];
  const failedInit = inits.some(
    (container) => !isSidecar(container) && spec.restartPolicy === "Never" && (runs.get(container.name)?.end?.exitCode ?? 0) !== 0,
  );
  if (failedInit) return "Failed";
  if (!inits.every((container) => isInitialized(container, runs.get(container.name)))) return "Pending";
  const main = spec.containers.map(({ name }) => runs.get(name));
  if (main.some((run) => !run || (run.state === "waiting" && !run.last))) return "Pending";
  if (main.some((run) => run!.state === "running")) return "Running";
  if (spec.restartPolicy === "Always" || spec.restartPolicy === undefined) return "Running";
  const codes = main.map((run) => (run!.end ?? run!.last)!.exitCode);
  if (codes.every((code) => code === 0)) return "Succeeded";
  return spec.restartPolicy === "Never" ? "Failed" : "Running";
}

/** The status that the kubelet reports, with conditions of others kept (`kubelet.generateAPIPodStatus`). */
export function podStatus(pod: Pod, { runs, sandbox, ip, hostIP, startTime }: PodFacts, now: string): object {
  const { spec, status: before, metadata } = pod;
  const inits = spec.initContainers ?? [];
  const phase = phaseOf(pod, runs);
  const ended = phase === "Succeeded" || phase === "Failed";
  const sidecars = inits.filter(isSidecar);
  const unready = [...sidecars, ...spec.containers].filter(({ name }) => !runs.get(name)?.ready).map(({ name }) => name);
  const incomplete = inits.filter((container) => !isInitialized(container, runs.get(container.name))).map(({ name }) => name);
  const old = before?.conditions ?? [];
  const others = old.filter(({ type }) => !OWN.has(type));
  const condition = (type: string, holds: boolean, reason?: string, message?: string): object => {
    const was = old.find((one) => one.type === type);
    const status = holds ? "True" : "False";
    return {
      type,
      status,
      observedGeneration: metadata.generation,
      lastProbeTime: null,
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
      lastTransitionTime: was?.status === status ? (was.lastTransitionTime ?? now) : now,
    };
  };
  const over = phase === "Succeeded" ? "PodCompleted" : phase === "Failed" ? "PodFailed" : undefined;
  const containersReady = (type: string): object =>
    over
      ? condition(type, false, over)
      : unready.length > 0
        ? condition(type, false, "ContainersNotReady", `containers with unready status: [${unready.join(" ")}]`)
        : condition(type, true);
  const gates = unready.length > 0 || over ? [] : missingGates(pod, others);
  const requests = sumOfRequests(spec.containers);
  return {
    observedGeneration: metadata.generation,
    phase,
    conditions: [
      ...others,
      condition("PodReadyToStartContainers", sandbox && !ended),
      incomplete.length > 0
        ? condition("Initialized", false, "ContainersNotInitialized", `containers with incomplete status: [${incomplete.join(" ")}]`)
        : condition("Initialized", true, phase === "Succeeded" ? "PodCompleted" : undefined),
      gates.length > 0 ? condition("Ready", false, "ReadinessGatesNotReady", gates.join(", ")) : containersReady("Ready"),
      containersReady("ContainersReady"),
      condition("PodScheduled", true),
    ],
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}),
    startTime,
    ...(inits.length > 0 ? { initContainerStatuses: inits.map((container) => containerStatus(container, runs.get(container.name)!)) } : {}),
    containerStatuses: [...spec.containers]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((container) => containerStatus(container, runs.get(container.name)!)),
    ...(spec.ephemeralContainers?.length
      ? { ephemeralContainerStatuses: spec.ephemeralContainers.flatMap((container) => ephemeralStatus(container as Container, runs)) }
      : {}),
    ...(requests ? { allocatedResources: requests, resources: { requests } } : { resources: {} }),
    ...(before?.qosClass ? { qosClass: before.qosClass } : {}),
  };
}

/** An ephemeral container is never ready, and has no start of its own. */
function ephemeralStatus(container: Container, runs: ReadonlyMap<string, ContainerRun>): object[] {
  const run = runs.get(container.name);
  if (!run) return [];
  const { started: _started, ...status } = containerStatus(container, run) as { started?: boolean };
  return [{ ...status, ready: false }];
}

function missingGates({ spec }: Pod, conditions: readonly Condition[]): string[] {
  return (spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = conditions.find(({ type }) => type === conditionType);
    if (!condition) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return condition.status === "True"
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
}

/** Only where one container says it all: sums of quantities are the scheduler's business. */
function sumOfRequests(containers: readonly Container[]): object | undefined {
  const asking = containers.filter(({ resources }) => resources?.requests);
  return asking.length === 1 ? asking[0]!.resources!.requests : undefined;
}
