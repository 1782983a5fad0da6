// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as meta from "./meta-v1.ts";

export interface FieldSelectorAttributes { rawSelector?: string; requirements?: meta.FieldSelectorRequirement[] }
export interface LabelSelectorAttributes { rawSelector?: string; requirements?: meta.LabelSelectorRequirement[] }
export interface LocalSubjectAccessReview { apiVersion?: "authorization.k8s.io/v1"; kind?: "LocalSubjectAccessReview"; metadata?: meta.ObjectMeta; spec: SubjectAccessReviewSpec; status?: SubjectAccessReviewStatus }
export interface NonResourceAttributes { path?: string; verb?: string }
export interface NonResourceRule { nonResourceURLs?: string[]; verbs: string[] }
export interface ResourceAttributes { fieldSelector?: FieldSelectorAttributes; group?: string; labelSelector?: LabelSelectorAttributes; name?: string; namespace?: string; resource?: string; subresource?: string; verb?: string; version?: string }
export interface ResourceRule { apiGroups?: string[]; resourceNames?: string[]; resources?: string[]; verbs: string[] }
export interface SelfSubjectAccessReview { apiVersion?: "authorization.k8s.io/v1"; kind?: "SelfSubjectAccessReview"; metadata?: meta.ObjectMeta; spec: SelfSubjectAccessReviewSpec; status?: SubjectAccessReviewStatus }
export interface SelfSubjectAccessReviewSpec { nonResourceAttributes?: NonResourceAttributes; resourceAttributes?: ResourceAttributes }
export interface SelfSubjectRulesReview { apiVersion?: "authorization.k8s.io/v1"; kind?: "SelfSubjectRulesReview"; metadata?: meta.ObjectMeta; spec: SelfSubjectRulesReviewSpec; status?: SubjectRulesReviewStatus }
export interface SelfSubjectRulesReviewSpec { namespace?: string }
export interface SubjectAccessReview { apiVersion?: "authorization.k8s.io/v1"; kind?: "SubjectAccessReview"; metadata?: meta.ObjectMeta; spec: SubjectAccessReviewSpec; status?: SubjectAccessReviewStatus }
export interface SubjectAccessReviewSpec { extra?: { [key: string]: string[] }; groups?: string[]; nonResourceAttributes?: NonResourceAttributes; resourceAttributes?: ResourceAttributes; uid?: string; user?: string }
export interface SubjectAccessReviewStatus { allowed: boolean; denied?: boolean; evaluationError?: string; reason?: string }
export interface SubjectRulesReviewStatus { evaluationError?: string; incomplete: boolean; nonResourceRules: NonResourceRule[]; resourceRules: ResourceRule[] }
