/**
 * The manager as a program: definitions, certificate, webhooks and their scope, and the status of sets.
 *
 * Guarantees
 * - Several may run on one cluster. Each serves the webhooks once its caches have synced; one leads, keeps the webhook
 *   configurations and definitions as they should be, and runs the controllers.
 * - A review changes nothing: what it says is a claim until the API server confirms it. While a change may be under way, or the
 *   rules may be older than the cluster's, reviews wait for one common read, within their time; then the failure policy decides.
 *   See `freshness.ts`, `announced.ts`, `wide-scope.ts`.
 * - A rule that exists is in the webhook's scope before a pod can miss it. One that cannot be used or said hinders no other.
 * - The webhook answers 503 until the rules are known, never "nothing matches".
 * - What stops takes away only what sends reviews to itself, once another that serves has taken over.
 */

export { parseNames, parseNamespaces } from "./excluded.ts";
export { allFeatures, type FeatureOptions } from "./features.ts";
export { withoutConversion } from "./install.ts";
export { containerDefaults } from "./limit-ranges.ts";
export { SECRETS } from "./names.ts";
export { readRules } from "./read-rules.ts";
export { commonNamespaceRules, featureNamespaceRules, managerNamespaceRules, secretRules } from "./rights.ts";
export { type RunManagerOptions, runManager } from "./run-manager.ts";
export type { CertificateOrigin } from "./serving-certificate.ts";
export { SUSPENDED_ANNOTATION } from "./suspended.ts";
