/**
 * The way out: makes a cluster work without the manager, whatever is left of it.
 *
 * Guarantees
 * - Network faults go first, while a manager can recover them; then the manager; then the webhooks, so that nobody waits for one
 *   that does not answer; then conversion and finalizers, so that what people wrote can be read and deleted.
 * - It may be run again, in any state: what is gone already is no error.
 * - It ends in under 60 seconds with the default limits.
 * - SidecarSets, PodDefaults and other rules stay, unless the definitions are deleted; NetworkFaults are deleted, since a fault
 *   without a manager is one that nobody can end.
 */
export { type DrainOptions, drain } from "./drain.ts";
export { configurationNames } from "./owned.ts";
export { drainNamespaceRules, drainRules } from "./rights.ts";
