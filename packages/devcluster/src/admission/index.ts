/**
 * Admission: what changes and refuses objects between decoding and the store. Built-in plug-ins in Kubernetes' order,
 * then webhooks over real TLS, and the conversion webhooks of custom resources.
 *
 * Guarantees
 * - Mutating webhooks run one after the other by configuration name, and once more (`IfNeeded`) when a later one changed
 *   the object; validating ones run at once, on what will be stored.
 * - Reviews, refusals and their texts are those of Kubernetes 1.36; words of Go's network and TLS code are approximate.
 * - Configurations are compiled when they change. A request that no rule names costs one look into a map.
 *
 * Assumptions
 * - `attributes.object` is never changed in place: each step replaces it.
 */
export { WebhookCaller, type WebhookClientConfig } from "./caller.ts";
export { type AdmissionChain, type AdmissionChainOptions, admissionChain } from "./chain.ts";
export { type ConversionWebhook, convertByWebhook } from "./conversion.ts";
export { type CheckedKind, expressionWarnings, type KnownKinds } from "./policies/index.ts";
export { amountText, countedBy, usedBy } from "./quota/index.ts";
export type { ServedVersions } from "./rules.ts";
export { endpointResolver, type ResolveService, type ServiceAddress } from "./service-resolver.ts";
