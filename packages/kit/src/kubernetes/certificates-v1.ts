// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as meta from "./meta-v1.ts";

export interface CertificateSigningRequest { apiVersion?: "certificates.k8s.io/v1"; kind?: "CertificateSigningRequest"; metadata?: meta.ObjectMeta; spec: CertificateSigningRequestSpec; status?: CertificateSigningRequestStatus }
export interface CertificateSigningRequestCondition { lastTransitionTime?: meta.Time; lastUpdateTime?: meta.Time; message?: string; reason?: string; status: string; type: string }
export interface CertificateSigningRequestSpec { expirationSeconds?: number; extra?: { [key: string]: string[] }; groups?: string[]; request: string; signerName: string; uid?: string; usages?: string[]; username?: string }
export interface CertificateSigningRequestStatus { certificate?: string; conditions?: CertificateSigningRequestCondition[] }
