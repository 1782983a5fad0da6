import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Who asked for what, and the rules of roles as they were made. */
const POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    { level: "Request", verbs: ["create"], resources: [{ group: "rbac.authorization.k8s.io", resources: ["clusterroles", "roles"] }] },
    { level: "Metadata" },
  ],
};

/** Flags of a kube-apiserver that writes its audit log (https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/) to a new folder in this one. */
export function auditFlags(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const own = mkdtempSync(join(folder, "cluster-"));
  const policy = join(own, "policy.json");
  writeFileSync(policy, JSON.stringify(POLICY));
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${join(own, "audit.log")}`];
}
