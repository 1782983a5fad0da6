/**
 * The audit log: who requested what, when, and with what result, as `audit.k8s.io/v1` events.
 *
 * Guarantees
 * - The first matching rule of the policy says how much of a request is written; without a policy, its metadata is.
 * - A response carries the `Audit-Id` of its events. A watch is written when it starts and when it ends.
 *
 * Caveats
 * - A response does not wait until its events are written: a process that is killed loses the last ones.
 */
export { type Audit, type AuditedRequest, auditing } from "./event.ts";
export { type AuditLog, auditLog } from "./log.ts";
export { type AuditPolicy, metadataPolicy, readAuditPolicy } from "./policy.ts";
