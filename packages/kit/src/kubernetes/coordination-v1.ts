// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as meta from "./meta-v1.ts";

export interface Lease { apiVersion?: "coordination.k8s.io/v1"; kind?: "Lease"; metadata?: meta.ObjectMeta; spec?: LeaseSpec }
export interface LeaseSpec { acquireTime?: meta.MicroTime; holderIdentity?: string; leaseDurationSeconds?: number; leaseTransitions?: number; preferredHolder?: string; renewTime?: meta.MicroTime; strategy?: string }
