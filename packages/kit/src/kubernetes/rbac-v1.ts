// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as meta from "./meta-v1.ts";

export interface AggregationRule { clusterRoleSelectors?: meta.LabelSelector[] }
export interface ClusterRole { aggregationRule?: AggregationRule; apiVersion?: "rbac.authorization.k8s.io/v1"; kind?: "ClusterRole"; metadata?: meta.ObjectMeta; rules?: PolicyRule[] }
export interface ClusterRoleBinding { apiVersion?: "rbac.authorization.k8s.io/v1"; kind?: "ClusterRoleBinding"; metadata?: meta.ObjectMeta; roleRef: RoleRef; subjects?: Subject[] }
export interface PolicyRule { apiGroups?: string[]; nonResourceURLs?: string[]; resourceNames?: string[]; resources?: string[]; verbs: string[] }
export interface Role { apiVersion?: "rbac.authorization.k8s.io/v1"; kind?: "Role"; metadata?: meta.ObjectMeta; rules?: PolicyRule[] }
export interface RoleBinding { apiVersion?: "rbac.authorization.k8s.io/v1"; kind?: "RoleBinding"; metadata?: meta.ObjectMeta; roleRef: RoleRef; subjects?: Subject[] }
export interface RoleRef { apiGroup?: string; kind: string; name: string }
export interface Subject { apiGroup?: string; kind: string; name: string; namespace?: string }
