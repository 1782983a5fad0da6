/**
 * The kernel's side of faults: trees of queueing disciplines on a device, filters and marks that lead packets to them.
 *
 * Caveats
 * - Where the packet filter cannot be used (`nft` or its kernel part is missing), packets are found by tc's own filters,
 *   and the kernel does not end faults by itself. The same is so for ingress, whose packets the packet filter sees too late.
 */
export type { Command, Effects, Leaf, Spared, TimedLeaf } from "./commands.ts";
export { FIRST_BAND, LAST_BAND } from "./commands.ts";
export { Device, ForeignQdiscError, NO_TREE, nextInstance, TooLateError, type Tree } from "./device.ts";
export { explain, KernelError, type Outcome, type Runner, run } from "./runner.ts";
