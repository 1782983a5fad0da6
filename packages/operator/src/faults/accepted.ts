import { createHash } from "node:crypto";
import type { FaultSpec } from "@outrigger/agent/fault";
import { MOST_ADDRESSES } from "./body.ts";
import type { NetworkFaultObject, NetworkFaultSpec, NetworkFaultStatus } from "./resource.ts";

/**
 * The addresses that agents took for a fault, as marks that only people who can read the addresses' objects can make sense of (see
 * `targets.ts`). They are in its status: so they are known after agents failed, after the only pod was away, and to a manager that
 * starts anew.
 */
export type AcceptedTargets = NonNullable<NetworkFaultStatus["targets"]>;

/** The marks of the addresses that a fault is in force for; undefined where its spec now asks for other targets than those were. */
export function targetsInForce({ spec }: NetworkFaultObject, accepted: AcceptedTargets | undefined): ReadonlySet<string> | undefined {
  // A status of an older manager has no marks.
  return accepted?.asked === fingerprint(spec.targets) ? new Set(accepted.marks ?? []) : undefined;
}

/**
 * What the status says of the addresses after agents were asked.
 *
 * @param found how many addresses the targets have
 * @param taken whether an agent took them
 */
export function nextAccepted(
  { spec }: NetworkFaultObject,
  before: AcceptedTargets | undefined,
  { body, found, marks }: { readonly body: FaultSpec; readonly found: number; readonly marks: readonly string[] },
  taken: boolean,
): AcceptedTargets | undefined {
  const asked = fingerprint(spec.targets);
  if (taken) return body.targets?.cidrs && { asked, found, marks };
  return before?.asked === asked ? { ...before, found } : before;
}

/** Whether the status tells already that the targets have more addresses than the fault is for. */
export function knownShort(accepted: AcceptedTargets | undefined): boolean {
  return accepted !== undefined && accepted.found > MOST_ADDRESSES;
}

function fingerprint(targets: NetworkFaultSpec["targets"]): string {
  return createHash("sha256")
    .update(JSON.stringify(targets ?? {}))
    .digest("hex")
    .slice(0, 16);
}
