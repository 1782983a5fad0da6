import type { ClusterReader } from "../registry/index.ts";
import { notFound } from "../registry/index.ts";
import { type AdmissionPlugin, refuse } from "./plugin.ts";

const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);

/**
 * Nothing is made in a namespace that is not there (404) or is going (403), and the namespaces that the cluster itself
 * needs are not deleted. After `k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle`.
 */
export function namespaceLifecycle(reader: ClusterReader): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    admit(attributes) {
      const { operation, kind, namespace } = attributes;
      const isNamespace = kind.group === "" && kind.kind === "Namespace";
      if (isNamespace) {
        if (operation === "DELETE" && IMMORTAL.has(attributes.name)) throw refuse(attributes, "this namespace may not be deleted");
        return;
      }
      if (namespace === "" || (operation !== "CREATE" && operation !== "UPDATE")) return;
      // To say here that a namespace is missing would tell people of namespaces that they may not see.
      if (attributes.resource.resource === "localsubjectaccessreviews") return;
      const found = reader.get("", "namespaces", { name: namespace });
      if (!found) throw notFound({ group: "", plural: "namespaces" }, namespace);
      const { phase } = (found["status"] as { phase?: string } | undefined) ?? {};
      if (operation === "CREATE" && phase === "Terminating") {
        throw refuse(attributes, `unable to create new content in namespace ${namespace} because it is being terminated`, [
          { reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" },
        ]);
      }
    },
  };
}
