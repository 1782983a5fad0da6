/**
 * The manager as a program: definitions, certificate, webhooks and their scope, and the status of sets.
 *
 * Guarantees
 * - A rule that exists is in the webhook's scope before a pod can miss it; see `scope-keeper.ts` and `expected.ts`.
 * - The webhook answers 503 until the rules are known, never "nothing matches".
 */
export { parseNames, parseNamespaces } from "./excluded.ts";
export { allFeatures, type FeatureOptions } from "./features.ts";
export { readRules } from "./read-rules.ts";
export { managerNamespaceRules } from "./rights.ts";
export { type RunManagerOptions, runManager } from "./run-manager.ts";
