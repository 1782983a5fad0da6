// Bodies of requests whose kind is another than the object's that they are sent to.
import type { ObjectKey, Resource } from "../api/index.ts";
import type { DeleteOptions, TokenOptions } from "./contract.ts";

type Address = Pick<Resource, "apiVersion" | "plural" | "scope">;
/** Of the pods' subresources that only they have: eviction, binding, log. */
export const PODS: Address = { apiVersion: "v1", plural: "pods", scope: "Namespaced" };
export const SERVICE_ACCOUNTS: Address = { apiVersion: "v1", plural: "serviceaccounts", scope: "Namespaced" };

/** `metav1.DeleteOptions`. */
export function deleteBody(options: DeleteOptions): string {
  return JSON.stringify({ apiVersion: "v1", ...deleteOptions(options) });
}

/** `policy/v1.Eviction`. */
export function evictionBody(key: ObjectKey, options: DeleteOptions): string {
  return JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: key, deleteOptions: deleteOptions(options) });
}

/** `v1.Binding`. */
export function bindingBody(key: ObjectKey, nodeName: string): string {
  return JSON.stringify({ apiVersion: "v1", kind: "Binding", metadata: key, target: { apiVersion: "v1", kind: "Node", name: nodeName } });
}

/** `authentication.k8s.io/v1.TokenRequest`. */
export function tokenBody({ audiences = [], expirationSeconds, boundObjectRef }: TokenOptions): string {
  return JSON.stringify({
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences, expirationSeconds, boundObjectRef },
  });
}

function deleteOptions(options: DeleteOptions): object {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun, ignoreStoreReadError } = options;
  return {
    kind: "DeleteOptions",
    gracePeriodSeconds,
    propagationPolicy,
    preconditions,
    dryRun: dryRun ? ["All"] : undefined,
    ignoreStoreReadErrorWithClusterBreakingPotential: ignoreStoreReadError,
  };
}
