/**
 * The audit log: who asked what, when, and what came of it, as `audit.k8s.io/v1` has it.
 *
 * Guarantees
 * - A policy's first rule that matches says how much is written of a request; without a policy it is the metadata.
 * - An answer carries the `Audit-Id` of its events. A watch is written when it starts and when it ends.
 *
 * Caveats
 * - Lines are written behind the answers: a process that is killed loses the last of them.
 */
export { type Audit, type AuditedRequest, auditing } from "./event.ts";
export { type AuditLog, auditLog } from "./log.ts";
export { type AuditPolicy, metadataPolicy, readAuditPolicy } from "./policy.ts";
