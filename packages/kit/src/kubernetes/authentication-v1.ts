// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as meta from "./meta-v1.ts";

export interface BoundObjectReference { apiVersion?: string; kind?: string; name?: string; uid?: string }
export interface SelfSubjectReview { apiVersion?: "authentication.k8s.io/v1"; kind?: "SelfSubjectReview"; metadata?: meta.ObjectMeta; status?: SelfSubjectReviewStatus }
export interface SelfSubjectReviewStatus { userInfo?: UserInfo }
export interface TokenRequest { apiVersion?: string; kind?: string; metadata?: meta.ObjectMeta; spec?: TokenRequestSpec; status?: TokenRequestStatus }
export interface TokenRequestSpec { audiences?: string[]; boundObjectRef?: BoundObjectReference; expirationSeconds?: number }
export interface TokenRequestStatus { expirationTimestamp?: meta.Time; token?: string }
export interface TokenReview { apiVersion?: "authentication.k8s.io/v1"; kind?: "TokenReview"; metadata?: meta.ObjectMeta; spec: TokenReviewSpec; status?: TokenReviewStatus }
export interface TokenReviewSpec { audiences?: string[]; token: string }
export interface TokenReviewStatus { audiences?: string[]; authenticated?: boolean; error?: string; user?: UserInfo }
export interface UserInfo { extra?: { [key: string]: string[] }; groups?: string[]; uid?: string; username?: string }
