// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as meta from "./meta-v1.ts";

export interface PriorityClass { apiVersion?: "scheduling.k8s.io/v1"; description?: string; globalDefault?: boolean; kind?: "PriorityClass"; metadata?: meta.ObjectMeta; preemptionPolicy?: string; value?: number }
