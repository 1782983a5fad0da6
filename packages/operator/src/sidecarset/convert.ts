import type { KubeObject } from "@outrigger/kit/api";
import { CUSTOM_VERSION_LABEL, GROUP } from "./names.ts";
import type { SidecarSetSpec } from "./set.ts";

const NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name";

/**
 * A SidecarSet in another version of its API. What v1alpha1 writes as `namespace` becomes a namespaceSelector and never
 * comes back; what v1beta1 writes as `customVersion` is a label in v1alpha1.
 *
 * @param apiVersion `apps.kruise.io/v1alpha1` or `apps.kruise.io/v1beta1`
 * @throws {RangeError} for another version
 */
export function convertSidecarSet(object: KubeObject, apiVersion: string): KubeObject {
  const { spec } = object;
  if (object.apiVersion === apiVersion) return object;
  // What is no spec is refused by the definition's schema, not here.
  if (spec !== undefined && (typeof spec !== "object" || spec === null || Array.isArray(spec))) return { ...object, apiVersion };
  if (apiVersion === `${GROUP}/v1beta1`) return toBeta(object, apiVersion);
  if (apiVersion === `${GROUP}/v1alpha1`) return toAlpha(object, apiVersion);
  throw new RangeError(`SidecarSet has no version ${apiVersion}; it is served as ${GROUP}/v1alpha1 and ${GROUP}/v1beta1`);
}

function toBeta(object: KubeObject, apiVersion: string): KubeObject {
  const { namespace, ...spec } = specOf(object) as SidecarSetSpec & { namespace?: string };
  const metadata = { ...object.metadata };
  if (namespace) spec.namespaceSelector = { matchLabels: { [NAMESPACE_NAME_LABEL]: namespace } };
  const version = metadata.labels?.[CUSTOM_VERSION_LABEL];
  if (version !== undefined) {
    spec.customVersion = version;
    const { [CUSTOM_VERSION_LABEL]: _, ...labels } = metadata.labels!;
    if (Object.keys(labels).length > 0) metadata.labels = labels;
    else delete metadata.labels;
  }
  return { ...object, apiVersion, metadata, ...(object["spec"] === undefined ? {} : { spec }), status: statusOf(object) };
}

function toAlpha(object: KubeObject, apiVersion: string): KubeObject {
  const { customVersion, ...spec } = specOf(object);
  const metadata = { ...object.metadata };
  if (customVersion) metadata.labels = { ...metadata.labels, [CUSTOM_VERSION_LABEL]: customVersion };
  return { ...object, apiVersion, metadata, ...(object["spec"] === undefined ? {} : { spec }), status: statusOf(object) };
}

/** Converted objects always have a status with these counts, as kruise's have. */
function statusOf(object: KubeObject): object {
  return { matchedPods: 0, updatedPods: 0, readyPods: 0, ...(object["status"] as object | undefined) };
}

function specOf(object: KubeObject): SidecarSetSpec {
  return (object["spec"] ?? {}) as SidecarSetSpec;
}
