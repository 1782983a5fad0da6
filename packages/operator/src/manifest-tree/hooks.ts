import type { Node } from "./template.ts";

/**
 * Annotations of an object that `helm uninstall` creates before it deletes anything, lower weights first. Helm deletes the hook's
 * objects after success, and keeps them after a failure, so that the Job's log can be read.
 */
export function preDeleteHook(weight: number): Node {
  return {
    "helm.sh/hook": "pre-delete",
    "helm.sh/hook-weight": String(weight),
    "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
  };
}
