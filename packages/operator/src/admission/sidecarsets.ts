import type { KubeObject } from "@outrigger/kit/api";
import { createJsonPatch } from "@outrigger/kit/patch";
import { type AdmissionAnswer, type AdmissionRequest, invalid } from "@outrigger/kit/webhook";
import {
  convertSidecarSet,
  defaultSidecarSet,
  validateSidecarSet as findProblems,
  type SidecarSet,
  type SidecarSetSurroundings,
  SidecarSets,
  schemaProblems,
  warnOf,
} from "../sidecarset/index.ts";

/** Fills in a SidecarSet's defaults and hashes; either version is understood and answered in the same. */
export function mutateSidecarSet(request: AdmissionRequest): AdmissionAnswer {
  const { object } = request;
  if (!isWritten(request) || !isObject(object)) return { allowed: true };
  const set = stored(object);
  // The API server judges by the schema after this call, and has the better words for what it refuses.
  if (schemaProblems(set).length > 0) return { allowed: true };
  const defaulted = convertSidecarSet(defaultSidecarSet(set), object.apiVersion);
  const patch = createJsonPatch(object, defaulted);
  return patch.length === 0 ? { allowed: true } : { allowed: true, patch };
}

/**
 * Judges a SidecarSet with its defaults.
 *
 * @param others all sets of the cluster, in v1beta1; the one under judgement may be among them
 * @param whitelist `SidecarSet_PatchPodMetadata_WhiteList` of kruise's configuration ConfigMap, where there is one
 * @param revisionFound whether the revision that the set pins is there; absent where nobody can say
 * @param nativeSidecars whether the cluster runs native sidecars; absent where nobody can say
 */
export function validateSidecarSet(
  request: AdmissionRequest,
  {
    others,
    whitelist,
    revisionFound,
    nativeSidecars,
  }: Pick<SidecarSetSurroundings, "whitelist" | "revisionFound" | "nativeSidecars"> & { readonly others: readonly SidecarSet[] },
): AdmissionAnswer {
  const { object, oldObject } = request;
  if (!isWritten(request) || !isObject(object)) return { allowed: true };
  // An object that is going must be able to lose its finalizers, whatever is wrong with it.
  if (object.metadata.deletionTimestamp !== undefined) return { allowed: true };
  const problems = schemaProblems(stored(object));
  if (problems.length > 0) return invalid(problems);
  // Its defaults are there already, unless it came past the mutating webhook.
  const set = defaultSidecarSet(stored(object));
  const causes = findProblems(set, {
    others,
    ...(whitelist === undefined ? {} : { whitelist }),
    ...(revisionFound === undefined ? {} : { revisionFound }),
    ...(nativeSidecars === undefined ? {} : { nativeSidecars }),
    ...(request.operation === "UPDATE" && isObject(oldObject) ? { old: defaultSidecarSet(stored(oldObject)) } : {}),
  });
  if (causes.length > 0) return invalid(causes);
  const warnings = warnOf(set, others);
  return { allowed: true, ...(warnings.length === 0 ? {} : { warnings }) };
}

function isWritten({ operation, subResource }: AdmissionRequest): boolean {
  return (operation === "CREATE" || operation === "UPDATE") && (subResource ?? "") === "";
}

function isObject(object: KubeObject | null | undefined): object is KubeObject {
  return typeof object === "object" && object !== null && typeof object.metadata === "object" && object.metadata !== null;
}

/** In the stored version, with a spec, whatever came. */
function stored(object: KubeObject): SidecarSet {
  const set = convertSidecarSet(object, SidecarSets.apiVersion);
  return { ...set, spec: set["spec"] ?? {} } as SidecarSet;
}
