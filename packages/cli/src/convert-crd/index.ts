/**
 * `outrigger convert-crd`: definitions of `apiextensions.k8s.io/v1beta1`, gone since Kubernetes 1.22, as `v1`.
 *
 * Guarantees
 * - A `v1` API server with the result keeps and refuses what a `v1beta1` one did: unknown fields stay unless the definition
 *   pruned them, and defaults of `v1beta1` that `v1` does not have are written down.
 * - What cannot be carried over, or was guessed, is said on standard error, with its place.
 */
export { convertCrd } from "./command.ts";
