import { type Condition, setCondition } from "@outrigger/kit/controller";
import type { AcceptedTargets } from "./accepted.ts";
import { faultSummary } from "./body.ts";
import { POD_GONE } from "./choose.ts";
import type { NetworkFaultObject, NetworkFaultStatus, PodEntry } from "./resource.ts";
import { type Due, text } from "./run.ts";

/** Where a fault stands, for its status. */
export interface Standing {
  readonly due: Due | undefined;
  readonly of: number;
  readonly entries: readonly PodEntry[];
  /** What is wrong with the spec. */
  readonly problem?: string | undefined;
  /** Why nothing is set at the moment. */
  readonly obstacle?: { readonly reason: string; readonly message: string } | undefined;
  /** What is left out of what is set. */
  readonly shortfall?: string | undefined;
  /** Pods that match and cannot have a fault, for they are on their node's network. */
  readonly hostNetwork: number;
  /** The addresses that agents took, while the fault is in force for some. */
  readonly accepted?: AcceptedTargets | undefined;
  readonly deleting: boolean;
  readonly now: number;
}

/** Why a fault that all its pods have is not for all its targets. */
export const TOO_MANY_TARGETS = "TooManyTargets";

/** Whether a pod has the fault, or may have it. */
export function mayHold(entry: PodEntry): boolean {
  return entry.state !== "Recovered";
}

/** The status of a fault. */
export function faultStatus(fault: NetworkFaultObject, standing: Standing): NetworkFaultStatus {
  const { due, of, entries, now } = standing;
  const { generation = 0 } = fault.metadata;
  const verdict = judge(standing);
  const present = entries.filter(({ reason }) => reason !== POD_GONE);
  const applied = present.filter(({ state }) => state === "Applied").length;
  const { run, nextAt } = due ?? {};
  const condition = (
    conditions: readonly Condition[] | undefined,
    type: string,
    status: boolean,
    reason: string,
    message: string,
  ): readonly Condition[] =>
    setCondition(conditions, { type, status: status ? "True" : "False", reason, message, observedGeneration: generation }, new Date(now));
  let conditions = fault.status?.conditions as readonly Condition[] | undefined;
  conditions = condition(
    conditions,
    "Accepted",
    standing.problem === undefined,
    standing.problem ? "Invalid" : "Valid",
    standing.problem ?? "",
  );
  conditions = condition(conditions, "Applied", verdict.state === "Applied", verdict.reason, verdict.message);
  const active = due?.phase === "Running" && !standing.deleting && !standing.problem;
  const held = entries.some(mayHold);
  const [recovered, why] = held ? [false, "Held"] : active || !run ? [false, active ? "Running" : "NotStarted"] : [true, "AllRecovered"];
  conditions = condition(conditions, "Recovered", recovered, why, recovered ? "no pod has the fault" : "");
  return {
    observedGeneration: generation,
    state: verdict.state,
    fault: faultSummary(fault.spec.fault),
    applied: `${applied}/${present.length}`,
    ...(run ? { run: { ...run, of } } : {}),
    ...(nextAt === undefined ? {} : { nextRunTime: text(nextAt) }),
    ...(standing.accepted ? { targets: standing.accepted } : {}),
    pods: entries,
    conditions,
  };
}

function judge({ due, entries, problem, obstacle, shortfall, hostNetwork, deleting }: Standing): {
  readonly state: string;
  readonly reason: string;
  readonly message: string;
} {
  const held = entries.filter(mayHold);
  if (problem) return { state: "Invalid", reason: "Invalid", message: problem };
  if (deleting || due?.phase !== "Running") {
    const phase = deleting ? "Deleting" : (due?.phase ?? "Waiting");
    if (held.length === 0) return { state: phase, reason: phase, message: "" };
    return { state: "Recovering", reason: phase, message: failures(held) || `${held.length} pods still have the fault` };
  }
  if (obstacle) return { state: "Pending", ...obstacle };
  const left = hostNetwork === 0 ? "" : `${hostNetwork} on the network of their node cannot have a fault`;
  const present = entries.filter(({ reason }) => reason !== POD_GONE);
  if (present.length === 0)
    return {
      state: "Pending",
      reason: "NoPods",
      message: left || (entries.length === 0 ? "no running pod matches" : "the pods that were chosen are gone"),
    };
  const applied = present.filter(({ state }) => state === "Applied").length;
  const failed = present.filter(({ state }) => state === "Failed");
  const count = `${applied} of ${present.length} pods have the fault`;
  if (applied === present.length) {
    const message = [count, shortfall, left].filter(Boolean).join("; ");
    return shortfall ? { state: "Partial", reason: TOO_MANY_TARGETS, message } : { state: "Applied", reason: "AllApplied", message };
  }
  const state = failed.length === 0 ? "Pending" : applied === 0 ? "Failed" : "Partial";
  return {
    state,
    reason: failed.length === 0 ? "Pending" : "SomeFailed",
    message: [count, failures(failed), shortfall, left].filter(Boolean).join("; "),
  };
}

/** The first few, with their reasons. */
function failures(entries: readonly PodEntry[]): string {
  const failed = entries.filter(({ state }) => state === "Failed");
  const shown = failed.slice(0, 3).map(({ name, message }) => `${name}: ${message}`);
  return [...shown, ...(failed.length > shown.length ? [`and ${failed.length - shown.length} more`] : [])].join("; ");
}
