/**
 * NetworkFaults (`outrigger.dev/v1alpha1`): which pods have which fault of the network, and for how long.
 *
 * Guarantees
 * - A fault ends: at the end of its run, when it is paused or deleted, and within a minute when the manager is no more.
 * - The same pods are chosen whoever looks and however often; see `choose.ts`.
 * - The object goes when no pod has the fault. A pod that is gone holds it up not at all, an agent that does not answer
 *   until the fault has ended there by itself.
 * - Targets that have no address are no targets for the agents either: the fault is not set, never set for all traffic.
 *
 * Assumptions
 * - The pods run the agent (`@outrigger/agent`), and the manager reaches them at the pods' IPs.
 *
 * Caveats
 * - Pods on their node's network never have a fault: it would be the node's.
 */
export type { AgentAddress } from "./agent-client.ts";
export { type NetworkFaultControllerOptions, networkFaultController } from "./controller.ts";
export type { AgentPod, DriverOptions } from "./driver.ts";
export { TOKEN_SECRET_TYPE } from "./prepare.ts";
export { NetworkFault, type NetworkFaultObject, type NetworkFaultSpec, type NetworkFaultStatus, type PodEntry } from "./resource.ts";
export { NETWORK_FAULT_RIGHTS } from "./rights.ts";
