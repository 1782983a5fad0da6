import { knownShort } from "./accepted.ts";
import { faultSummary } from "./body.ts";
import type { FaultContext } from "./controller.ts";
import type { NetworkFaultObject, PodEntry } from "./resource.ts";
import { TOO_MANY_TARGETS } from "./status.ts";

/** Pods that an event names; the status has them all. */
const NAMED = 5;

/** Tells of pods whose state changed. */
export function tell(fault: NetworkFaultObject, before: readonly PodEntry[], now: readonly PodEntry[], ctx: FaultContext): void {
  const turned = now.filter((entry) => {
    const old = before.find(({ uid }) => uid === entry.uid);
    return old?.state !== entry.state || old.reason !== entry.reason;
  });
  const what = faultSummary(fault.spec.fault);
  const applied = turned.filter(({ state }) => state === "Applied");
  if (applied.length > 0) ctx.event("Applied", `${what} on ${names(applied)}`);
  for (const [reason, entries] of Map.groupBy(
    turned.filter(({ state }) => state === "Recovered"),
    (entry) => entry.reason ?? "Removed",
  ))
    ctx.event("Recovered", `${what} is gone from ${names(entries)} (${reason})`);
  const failed = turned.filter(({ state }) => state === "Failed");
  for (const { name, reason, message } of failed.slice(0, NAMED))
    ctx.event("Failed", `pod ${name}: ${reason}: ${message}`, { type: "Warning" });
  if (failed.length > NAMED)
    ctx.event("Failed", `${failed.length - NAMED} more pods failed; the status has their reasons`, { type: "Warning" });
}

/** Tells once that a fault is not for all its targets. */
export function tellShortfall({ status }: NetworkFaultObject, shortfall: string, ctx: FaultContext): void {
  // Not by the condition: its reason is another one while a pod has not the fault.
  if (knownShort(status?.targets)) return;
  ctx.event(TOO_MANY_TARGETS, shortfall, { type: "Warning" });
}

function names(entries: readonly PodEntry[]): string {
  const shown = entries.slice(0, NAMED).map(({ name }) => name);
  return [...shown, ...(entries.length > NAMED ? [`${entries.length - NAMED} more`] : [])].join(", ");
}
