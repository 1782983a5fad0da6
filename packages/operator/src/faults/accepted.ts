import { createHash } from "node:crypto";
import type { FaultSpec } from "@outrigger/agent/fault";
import { MOST_ADDRESSES } from "./body.ts";
import type { NetworkFaultObject, NetworkFaultSpec, NetworkFaultStatus } from "./resource.ts";

/**
 * The addresses that agents took for a fault. They stand in its status: so they are known after agents failed, after the
 * only pod was away, and to a manager that starts anew.
 */
export type AcceptedTargets = NonNullable<NetworkFaultStatus["targets"]>;

/** The addresses that a fault is in force for; undefined where its spec now asks for other targets than those were. */
export function targetsInForce({ spec }: NetworkFaultObject, accepted: AcceptedTargets | undefined): readonly string[] | undefined {
  return accepted?.asked === fingerprint(spec.targets) ? accepted.cidrs : undefined;
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
  { body, found }: { readonly body: FaultSpec; readonly found: number },
  taken: boolean,
): AcceptedTargets | undefined {
  const asked = fingerprint(spec.targets);
  const cidrs = body.targets?.cidrs;
  if (taken) return cidrs && { asked, found, cidrs };
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
