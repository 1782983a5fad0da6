import type { Cause, ObjectMeta } from "../../api/index.ts";
export interface ObjectMetaRules {
  readonly scope: "Namespaced" | "Cluster";
  /** What is wrong with a name; `prefix` is true for a `generateName`. DNS subdomain when absent. */
  readonly nameProblems?: (name: string, prefix: boolean) => readonly string[];
  /** `metadata` when absent. */
  readonly path?: string;
}
export function validateObjectMeta(_metadata: ObjectMeta, _rules: ObjectMetaRules): Cause[] {
  return [];
}
export function validateObjectMetaUpdate(_metadata: ObjectMeta, _old: ObjectMeta, _path = "metadata"): Cause[] {
  return [];
}
