/**
 * The manager's own figures for `/metrics`, beside those in controller-runtime's names that the kit keeps.
 *
 * Guarantees
 * - What is counted is counted where it happens; what is a state is read from caches when somebody asks.
 * - Labels have few values: names of rules and states, never of pods.
 *
 * Caveats: each replica shows the state as its caches have it; take the maximum over replicas, not the sum.
 */
export { certificateFamilies } from "./certificates.ts";
export { counter, gauge } from "./family.ts";
export { Injections } from "./injections.ts";
export { MissedPods, type MissedSources } from "./missed.ts";
export { faultFamilies, rolloutFamilies } from "./objects.ts";
