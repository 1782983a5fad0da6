// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as core from "./core-v1.ts";
import type * as meta from "./meta-v1.ts";

export interface Overhead { podFixed?: { [key: string]: meta.Quantity } }
export interface RuntimeClass { apiVersion?: "node.k8s.io/v1"; handler: string; kind?: "RuntimeClass"; metadata?: meta.ObjectMeta; overhead?: Overhead; scheduling?: Scheduling }
export interface Scheduling { nodeSelector?: { [key: string]: string }; tolerations?: core.Toleration[] }
