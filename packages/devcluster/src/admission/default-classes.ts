import type { KubeObject } from "@outrigger/kit/api";
import type { ClusterReader } from "../registry/index.ts";
import { type AdmissionPlugin, concerns, specOf, withSpec } from "./plugin.ts";

/** The class that is marked as the default: of several the newest, then the first by name. */
function defaultClass(classes: readonly KubeObject[], annotation: string): string | undefined {
  const marked = classes.filter((candidate) => candidate.metadata.annotations?.[annotation] === "true");
  const made = (candidate: KubeObject): string => candidate.metadata.creationTimestamp ?? "";
  marked.sort((a, b) => made(b).localeCompare(made(a)) || (a.metadata.name ?? "").localeCompare(b.metadata.name ?? ""));
  return marked[0]?.metadata.name;
}

/** Claims without a class get the default storage class; `storageClassName: ""` asks for none. */
export function defaultStorageClass(reader: ClusterReader): AdmissionPlugin {
  return {
    name: "DefaultStorageClass",
    admit(attributes) {
      const { object } = attributes;
      if (!object || attributes.operation !== "CREATE" || !concerns(attributes, "", "persistentvolumeclaims")) return;
      if (specOf(object)["storageClassName"] !== undefined) return;
      if (object.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] !== undefined) return;
      const name = defaultClass(reader.list("storage.k8s.io", "storageclasses"), "storageclass.kubernetes.io/is-default-class");
      if (name) attributes.object = withSpec(object, { storageClassName: name });
    },
  };
}

/** Ingresses without a class get the default one. */
export function defaultIngressClass(reader: ClusterReader): AdmissionPlugin {
  return {
    name: "DefaultIngressClass",
    admit(attributes) {
      const { object } = attributes;
      if (!object || attributes.operation !== "CREATE" || !concerns(attributes, "networking.k8s.io", "ingresses")) return;
      if (specOf(object)["ingressClassName"] !== undefined) return;
      if (object.metadata.annotations?.["kubernetes.io/ingress.class"] !== undefined) return;
      const name = defaultClass(reader.list("networking.k8s.io", "ingressclasses"), "ingressclass.kubernetes.io/is-default-class");
      if (name) attributes.object = withSpec(object, { ingressClassName: name });
    },
  };
}
