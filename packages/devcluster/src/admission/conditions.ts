import { type AdmissionAttributes, authorizers, type Decide } from "../registry/index.ts";
import type { VersionedForms } from "./forms.ts";
import type { Candidate } from "./hooks.ts";
import { refuse } from "./plugin.ts";
import { reviewRequest } from "./review.ts";

/**
 * Whether the hook's match conditions let the request through.
 *
 * @throws StatusError 403 when one cannot be evaluated, none is false, and the hook must not be left out.
 */
export async function conditionsAllow(
  candidate: Candidate,
  attributes: AdmissionAttributes,
  versions: VersionedForms,
  decide: Decide,
): Promise<boolean> {
  const { hook } = candidate;
  const { object = null, oldObject = null } = await versions.of(candidate);
  const result =
    hook.conditions?.evaluate({ object, oldObject, request: reviewRequest(attributes, candidate), ...authorizers(attributes, decide) }) ??
    true;
  if (typeof result === "boolean") return result;
  if (hook.ignoreFailure) return false;
  const errors = [...new Set(result)];
  throw refuse(attributes, errors.length === 1 ? (errors[0] ?? "") : `[${errors.join(", ")}]`);
}
