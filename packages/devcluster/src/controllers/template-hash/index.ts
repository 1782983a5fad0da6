/**
 * The hash that Kubernetes gives a pod template, to the letter: the names of ReplicaSets and their `pod-template-hash`.
 *
 * Guarantees
 * - The same template gives the same hash as `kube-controller-manager` 1.36, where the template is as a 1.36 server gives it out
 *   (defaults filled in). Other releases know other fields, so their hashes differ.
 *
 * Source: `pkg/controller.ComputeHash`, `pkg/util/hash.DeepHashObject`. `go-types.data.json` holds names and order of the
 * structs' fields.
 */
import { fnv32a, safeEncode } from "./fnv.ts";
import { dumpPodTemplate } from "./go-dump.ts";

export { fnv32a, safeEncode } from "./fnv.ts";

/** @param collisions the owner's `status.collisionCount`, when it has one. */
export function podTemplateHash(template: object, collisions?: number): string {
  const more =
    collisions === undefined
      ? []
      : [collisions & 255, (collisions >> 8) & 255, (collisions >> 16) & 255, (collisions >> 24) & 255, 0, 0, 0, 0];
  return safeEncode(String(fnv32a(dumpPodTemplate(template), more)));
}
