import { type Condition, setCondition } from "@outrigger/kit/controller";
import { runningStatuses, type SeenPod } from "../seen-pod/index.ts";
import { type Clash, type SidecarSet, withoutEffect } from "../sidecarset/index.ts";
import type { Choice, WaitReason } from "./choose.ts";
import type { PodState } from "./pod-state.ts";
import { claimsCondition } from "./rejected-claims.ts";

export interface RolloutStatus {
  readonly observedGeneration: number;
  readonly matchedPods: number;
  readonly updatedPods: number;
  readonly readyPods: number;
  /** Left out where it is 0, as kruise does. */
  readonly updatedReadyPods?: number;
  readonly latestRevision?: string;
  readonly collisionCount: number;
  /** Pods that the set matches and was not injected into, though it was there before them. Left out where there are none. */
  readonly missedPods?: number;
  /** Pods whose record claims about the set what is not so. Left out where there are none. */
  readonly rejectedClaims?: number;
  readonly conditions: readonly Condition[];
}

export interface Observed {
  readonly pods: readonly PodState[];
  readonly choice: Choice;
  readonly latestRevision: string | undefined;
  readonly collisionCount: number;
  /** What changed beyond images, by pod that is not upgradable. */
  readonly changed: ReadonlyMap<PodState, string>;
  readonly missed: readonly { readonly key: string }[];
  readonly claimants: readonly SeenPod[];
  /** Updates that the API server refused: pod → why. */
  readonly refused: ReadonlyMap<string, string>;
  /** Other sets with which the set does not go in one pod. */
  readonly clashes: readonly Clash[];
}

/** The set's status from its pods; of conditions, those of others and unchanged transition times are kept. */
export function rolloutStatus(set: SidecarSet, observed: Observed, now: Date): RolloutStatus {
  const { pods, latestRevision, collisionCount, missed, claimants } = observed;
  const serves = ({ settled, ready }: PodState): boolean => settled && ready;
  const updatedReadyPods = pods.filter((state) => state.updated && serves(state)).length;
  const observedGeneration = set.metadata.generation ?? 0;
  let conditions = set.status?.["conditions" as never] as readonly Condition[] | undefined;
  for (const condition of [readyCondition(observed), upgradableCondition(observed), injectedCondition(observed)])
    conditions = setCondition(conditions, { ...condition, observedGeneration }, now);
  const idle = withoutEffect(set);
  // Nearly all sets never have these.
  for (const [is, condition] of [
    [observed.clashes.length > 0, conflictingCondition(observed)],
    [idle.length > 0, effectiveCondition(idle)],
    [observed.claimants.length > 0, claimsCondition(observed.claimants)],
  ] as const)
    if (is || conditions?.some(({ type }) => type === condition.type))
      conditions = setCondition(conditions, { ...condition, observedGeneration }, now);
  return {
    observedGeneration,
    matchedPods: pods.length,
    updatedPods: pods.filter(({ updated }) => updated).length,
    readyPods: pods.filter(serves).length,
    ...(updatedReadyPods === 0 ? {} : { updatedReadyPods }),
    ...(latestRevision === undefined ? {} : { latestRevision }),
    collisionCount,
    ...(missed.length === 0 ? {} : { missedPods: missed.length }),
    ...(claimants.length === 0 ? {} : { rejectedClaims: claimants.length }),
    conditions: conditions ?? [],
  };
}

/** Reason of a set that another manager has. */
export const OBSTRUCTED = "KruiseActive";

/** The status of a set that another manager has: our one condition says why nothing is done. */
export function obstructedStatus(set: SidecarSet, why: string, now: Date): Pick<RolloutStatus, "conditions"> {
  const before = set.status?.["conditions" as never] as readonly Condition[] | undefined;
  const condition = {
    type: "Ready",
    status: "False",
    reason: OBSTRUCTED,
    message: why,
    observedGeneration: set.metadata.generation ?? 0,
  } as const;
  return {
    conditions: setCondition(
      before?.filter(({ type }) => type === "Ready"),
      condition,
      now,
    ),
  };
}

type Said = Omit<Condition, "lastTransitionTime" | "observedGeneration">;

/** Why pods wait, the reason that needs a person first. */
const PRECEDENCE: readonly WaitReason[] = [
  "MaxUnavailable",
  "InProgress",
  "NotUpgradable",
  "Paused",
  "NotUpdate",
  "NotSelected",
  "Partition",
];

const WHY: Readonly<Record<WaitReason, string>> = {
  MaxUnavailable: "wait until fewer pods are down",
  InProgress: "wait until the kubelet has done the update before",
  NotUpgradable: "cannot be updated in place",
  Paused: "wait since updateStrategy.paused is true",
  NotUpdate: "stay since updateStrategy.type is NotUpdate",
  NotSelected: "stay since updateStrategy.selector does not match them",
  Partition: "stay since updateStrategy.partition keeps them",
};

function readyCondition({ pods, choice, refused }: Observed): Said {
  const behind = pods.filter(({ updated }) => !updated);
  const failing = choice.down.flatMap((state) => failureOf(state) ?? []);
  const total = count(pods.length, "pod");
  if (behind.length === 0) {
    if (choice.down.length === 0)
      return { type: "Ready", status: "True", reason: "UpToDate", message: `${total}: all have the latest containers and are ready` };
    return {
      type: "Ready",
      status: "False",
      reason: failing.length > 0 ? "UpdateFailing" : "PodsNotReady",
      message: sentence([`all of ${total} have the latest containers`, downText(choice, failing)]),
    };
  }
  const waits = new Map<WaitReason, number>();
  for (const { why } of choice.waiting) waits.set(why, (waits.get(why) ?? 0) + 1);
  const parts = [`${behind.length} of ${total} behind`];
  if (choice.next.length > 0) parts.push(`${choice.next.length} being updated now`);
  for (const why of PRECEDENCE) if (waits.has(why)) parts.push(`${waits.get(why)} ${WHY[why]}`);
  if (choice.down.length > 0) parts.push(downText(choice, failing));
  const [refusal] = refused;
  if (refusal !== undefined) parts.push(`the API server refused the update of ${refused.size}, ${refusal[0]} with: ${refusal[1]}`);
  const reason =
    failing.length > 0
      ? "UpdateFailing"
      : refused.size > 0
        ? "UpdateRefused"
        : choice.next.length > 0 || waits.has("MaxUnavailable") || waits.has("InProgress")
          ? "Updating"
          : PRECEDENCE.find((why) => waits.has(why))!;
  return { type: "Ready", status: "False", reason, message: sentence(parts) };
}

function downText({ down, maxUnavailable }: Choice, failing: readonly string[]): string {
  const pods = `${count(down.length, "pod")} not ready since the update, maxUnavailable is ${maxUnavailable}`;
  const more = failing.length > 1 ? ` and ${failing.length - 1} more` : "";
  return failing.length === 0 ? `${pods}: ${down[0]!.key}${down.length > 1 ? ", …" : ""}` : `${pods}: ${failing[0]}${more}`;
}

/** Why a pod does not come up: `default/web-1: container agent: ImagePullBackOff: …`; nothing while it may still come. */
export function failureOf({ key, pod }: PodState): string | undefined {
  for (const { name, state } of runningStatuses(pod)) {
    const { reason, message } = state?.waiting ?? {};
    if (reason === undefined || COMING.has(reason)) continue;
    return `${key}: container ${name}: ${reason}${message === undefined ? "" : `: ${message.slice(0, 160)}`}`;
  }
  return undefined;
}

const COMING = new Set(["ContainerCreating", "PodInitializing"]);

function upgradableCondition({ changed }: Observed): Said {
  const [first] = changed;
  if (first === undefined)
    return { type: "Upgradable", status: "True", reason: "AllPodsUpgradable", message: "every pod that is behind can be updated in place" };
  const [state, what] = first;
  const others = [...new Set(changed.values())].length - 1;
  return {
    type: "Upgradable",
    status: "False",
    reason: "UpdateImmutableField",
    message: `${count(changed.size, "pod")} cannot be updated in place, only images can: ${what} (${state.key})${others > 0 ? `, and ${others} other differences` : ""}; the pods get it when they are created anew`,
  };
}

function injectedCondition({ missed }: Observed): Said {
  if (missed.length === 0)
    return { type: "Injected", status: "True", reason: "NoneMissed", message: "no pod of the set lacks its containers" };
  return {
    type: "Injected",
    status: "False",
    reason: "PodsMissed",
    message: `${count(missed.length, "pod")} match and were not injected when they were created (${missed[0]!.key}${missed.length > 1 ? ", …" : ""}): delete them, or let the manager evict them with the annotation outrigger.dev/repair: evict on the set`,
  };
}

/** Condition of a set: whether all that it says has the effect that one might expect. */
function effectiveCondition(idle: readonly string[]): Said {
  if (idle.length === 0)
    return { type: "Effective", status: "True", reason: "AllFieldsEffective", message: "every field of the set has its effect" };
  return { type: "Effective", status: "False", reason: "FieldsWithoutEffect", message: sentence(idle) };
}

/** Condition of a set: whether another set can match the same pods and brings something of the same name. */
const CONFLICTING = "Conflicting";
/** Clashes that a condition tells; `outrigger explain sidecarset` has them all. */
const TOLD = 3;

function conflictingCondition({ clashes }: Observed): Said {
  if (clashes.length === 0)
    return { type: CONFLICTING, status: "False", reason: "NoConflict", message: "no other set clashes with this one" };
  const more = clashes.length > TOLD ? [`and ${clashes.length - TOLD} more sets`] : [];
  const told = clashes.slice(0, TOLD).map(({ message }) => message);
  return {
    type: CONFLICTING,
    status: "True",
    reason: "SharedNames",
    message: sentence(["pods that match both sets are refused or get one of the two", ...told, ...more]),
  };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function sentence(parts: readonly string[]): string {
  return parts.join("; ");
}
