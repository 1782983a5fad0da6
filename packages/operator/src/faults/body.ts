import type { NetworkFaultSpec } from "./resource.ts";

/** What is sent to agents, without the time limit. */
export function faultBody(spec: NetworkFaultSpec, cidrs: readonly string[] | undefined): object {
  return { ...spec.fault, ...(cidrs ? { targets: { cidrs } } : {}) };
}

/** A fault in a few words, as a table has room for. */
export function faultSummary(fault: NetworkFaultSpec["fault"]): string {
  return Object.keys(fault).join(", ");
}

/** The name of a fault on the agents: readable, and unlike that of any other object, one of the same name before it included. */
export function agentFaultName({ name, uid }: { readonly name: string; readonly uid: string }): string {
  return `${name.replaceAll(/[^a-z0-9-]/g, "-").slice(0, 54)}-${uid.slice(0, 8)}`;
}
