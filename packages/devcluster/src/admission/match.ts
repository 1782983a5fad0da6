import type { KubeObject } from "@outrigger/kit/api";
import type { AdmissionAttributes, ClusterReader } from "../registry/index.ts";
import { notFound } from "../registry/index.ts";
import type { Hook } from "./hooks.ts";

const NO_LABELS: Readonly<Record<string, string>> = {};

/**
 * Whether the hook's selectors let the request through.
 *
 * @throws StatusError 404 when the request's namespace is not there and the hook asks for its labels.
 */
export function selects(
  hook: Pick<Hook, "namespaceSelector" | "objectSelector">,
  attributes: AdmissionAttributes,
  reader: ClusterReader,
): boolean {
  if (hook.objectSelector && !selectsObject(hook.objectSelector, attributes)) return false;
  return hook.namespaceSelector === undefined || selectsNamespace(hook.namespaceSelector, attributes, reader);
}

type Selector = NonNullable<Hook["objectSelector"]>;

/** The new object or the old one; what has no metadata (options of `exec`) is selected by no one. */
function selectsObject(selector: Selector, { object, oldObject }: AdmissionAttributes): boolean {
  const selected = (candidate: KubeObject | undefined): boolean =>
    candidate?.metadata !== undefined && selector.matches(candidate.metadata.labels ?? NO_LABELS);
  return selected(object) || selected(oldObject);
}

/** A Namespace is selected by its own labels, as they would be after the request; other cluster-scoped objects always are. */
function selectsNamespace(selector: Selector, attributes: AdmissionAttributes, reader: ClusterReader): boolean {
  const { resource, subresource, operation, object } = attributes;
  const isNamespace = resource.group === "" && resource.resource === "namespaces";
  const name = isNamespace ? attributes.name : attributes.namespace;
  if (isNamespace && subresource === "" && (operation === "CREATE" || operation === "UPDATE")) {
    return selector.matches(object?.metadata.labels ?? NO_LABELS);
  }
  if (name === "" && !isNamespace) return true;
  const namespace = reader.get("", "namespaces", { name });
  if (!namespace) throw notFound({ group: "", plural: "namespaces" }, name);
  return selector.matches(namespace.metadata.labels ?? NO_LABELS);
}
