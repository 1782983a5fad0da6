import { type KubeObject, labelSelector } from "@outrigger/kit/api";
import type { AdmissionAttributes, ParamRef, PolicySpec } from "../../registry/index.ts";
import type { PolicyParts } from "./hooks.ts";

/** `apps/v1` → `apps` and `v1`; the core group is "". */
export function groupVersionOf({ apiVersion }: NonNullable<PolicySpec["paramKind"]>): { readonly group: string; readonly version: string } {
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/", 2) as [string, string]) : ["", apiVersion];
  return { group, version };
}

/** The parameters that a binding asks for cannot be had. */
export class ConfigurationError extends Error {}

/**
 * The objects that a binding hands to the expressions: one `null` where the policy or the binding takes none.
 * After `k8s.io/apiserver/pkg/admission/plugin/policy/generic.CollectParams`.
 *
 * @throws ConfigurationError where they cannot be had
 */
export function collectParams(
  { paramKind }: Pick<PolicySpec, "paramKind">,
  ref: ParamRef | undefined,
  attributes: AdmissionAttributes,
  { reader, resourceOfKind }: PolicyParts,
): readonly (KubeObject | null)[] {
  if (!paramKind || !ref) return [null];
  const { apiVersion, kind } = paramKind;
  const { group, version } = groupVersionOf(paramKind);
  const resource = resourceOfKind(group, version, kind);
  if (!resource) throw new ConfigurationError(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`);
  const namespaced = resource.scope === "Namespaced";
  if (!namespaced && ref.namespace)
    throw new ConfigurationError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  const namespace = namespaced ? ref.namespace || attributes.namespace : "";
  if (namespaced && namespace === "")
    throw new ConfigurationError("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
  let found: KubeObject[];
  if (ref.name) {
    const object = reader.get(group, resource.plural, { namespace, name: ref.name });
    found = object ? [object] : [];
  } else {
    const selector = labelSelector(ref.selector ?? {});
    found = reader
      .list(group, resource.plural)
      .filter(({ metadata }) => (metadata.namespace ?? "") === namespace && selector.matches(metadata.labels ?? {}));
  }
  if (found.length === 0 && ref.parameterNotFoundAction === "Deny")
    throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction");
  return found;
}
