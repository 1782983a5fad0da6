import { type FaultSpec, parseFault } from "@outrigger/agent/fault";
import type { NetworkFaultSpec } from "./resource.ts";

/** Addresses that an agent takes for one fault. */
export const MOST_ADDRESSES = 64;

/**
 * What is sent to agents, without the time limit.
 *
 * @param addresses of the targets, as CIDRs; undefined where the targets name none
 */
export function faultBody(spec: NetworkFaultSpec, addresses: readonly string[] | undefined): FaultSpec {
  const { ports, protocol } = spec.targets ?? {};
  const targets = { ...(addresses && { cidrs: addresses }), ...(ports && { ports }), ...(protocol && { protocol }) };
  return {
    ...spec.fault,
    ...(Object.keys(targets).length > 0 ? { targets } : {}),
    ...(spec.exclude ? { exclude: spec.exclude } : {}),
  } as FaultSpec;
}

/** What agents would refuse in a spec, by the fields of the spec. */
export function bodyProblems(spec: NetworkFaultSpec): string[] {
  const { problems = [] } = parseFault(faultBody(spec, spec.targets?.cidrs));
  return problems.map(({ field, problem, allowed }) => {
    const path = /^(targets|exclude)\b/.test(field) ? `spec.${field}` : `spec.fault${field === "" ? "" : `.${field}`}`;
    return `${path} ${problem}: ${allowed}`;
  });
}

/** A fault in a few words, as a table has room for. */
export function faultSummary({ delay, loss, duplicate, corrupt, reorder, rate, partition, direction }: NetworkFaultSpec["fault"]): string {
  const model = loss?.random ? `${loss.random.percent}%` : Object.keys(loss ?? {})[0];
  const words = [
    delay && `delay ${delay.time}${delay.jitter ? `±${delay.jitter}` : ""}`,
    loss && `loss ${model}`,
    duplicate && `duplicate ${duplicate.percent}%`,
    corrupt && `corrupt ${corrupt.percent}%`,
    reorder && `reorder ${reorder.percent}%`,
    rate && `rate ${rate.bandwidth}`,
    partition && "partition",
  ];
  return `${words.filter(Boolean).join(", ")}${direction && direction !== "egress" ? ` (${direction})` : ""}`;
}

/** The name of a fault on the agents: readable, and unlike that of any other object, one of the same name before it included. */
export function agentFaultName({ name, uid }: { readonly name: string; readonly uid: string }): string {
  return `${name.replaceAll(/[^a-z0-9-]/g, "-").slice(0, 54)}-${uid.slice(0, 8)}`;
}
