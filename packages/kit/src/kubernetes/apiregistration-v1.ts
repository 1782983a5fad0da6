// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as meta from "./meta-v1.ts";

export interface APIService { apiVersion?: "apiregistration.k8s.io/v1"; kind?: "APIService"; metadata?: meta.ObjectMeta; spec?: APIServiceSpec; status?: APIServiceStatus }
export interface APIServiceCondition { lastTransitionTime?: meta.Time; message?: string; reason?: string; status: string; type: string }
export interface APIServiceSpec { caBundle?: string; group?: string; groupPriorityMinimum: number; insecureSkipTLSVerify?: boolean; service?: ServiceReference; version?: string; versionPriority: number }
export interface APIServiceStatus { conditions?: APIServiceCondition[] }
export interface ServiceReference { name?: string; namespace?: string; port?: number }
