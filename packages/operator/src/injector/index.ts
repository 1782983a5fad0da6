/**
 * The injector without a manager: one template in a file, certificates in files, reviews under `/mutate` and `/inject`.
 *
 * Guarantees
 * - It talks to no API server, so it needs no rights.
 * - A changed file is taken over without a restart and without a lost connection. A bad one is reported, and the last good one stays.
 * - The pod is what the manager would make of it with that template alone.
 *
 * Assumptions
 * - Somebody else writes the MutatingWebhookConfiguration, and its namespaceSelector chooses namespaces.
 */
export { type InjectorOptions, runInjector } from "./injector.ts";
