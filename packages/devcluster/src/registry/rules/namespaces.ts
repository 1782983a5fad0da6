import type { KubeObject } from "@outrigger/kit/api";
import type { KindRules } from "./kind-rules.ts";

interface NamespaceParts {
  spec?: { finalizers?: string[] };
  status?: { phase?: string };
}
const parts = (object: KubeObject): NamespaceParts => object as unknown as NamespaceParts;

/** After `pkg/registry/core/namespace`: a namespace ends when its last spec finalizer is gone. */
export const namespaces: KindRules = {
  returnsDeleted: true,

  prepareForCreate(object) {
    const finalizers = parts(object).spec?.finalizers ?? [];
    object["spec"] = { ...parts(object).spec, finalizers: finalizers.includes("kubernetes") ? finalizers : [...finalizers, "kubernetes"] };
    object["status"] = { phase: "Active" };
    // What the label defaulting of `pkg/apis/core/v1` sets; selectors for namespaces by name rest on it.
    object.metadata.labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name ?? "" };
  },

  prepareForUpdate(object, old, subresource) {
    if (subresource === "") {
      const finalizers = parts(old).spec?.finalizers;
      object["spec"] = { ...parts(object).spec, ...(finalizers ? { finalizers } : {}) };
      if (!finalizers) delete parts(object).spec?.finalizers;
    }
    object.metadata.labels = { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name ?? "" };
  },

  beforeDelete(object) {
    if ((parts(object).spec?.finalizers ?? []).length === 0) return "remove";
    object["status"] = { ...parts(object).status, phase: "Terminating" };
    return "keep";
  },

  removable: (object) => (parts(object).spec?.finalizers ?? []).length === 0,
};
