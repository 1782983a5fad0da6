/**
 * What a fresh API server makes for itself: system namespaces, default roles and bindings, priority classes, flow
 * control, and the `kubernetes` Service. Derived from a real one by `scripts/bootstrap`.
 */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { kinds } from "@outrigger/machinery/kinds";
import { tableOf, timestamp } from "../registry/index.ts";
import type { Store } from "../store/index.ts";

/**
 * Writes those objects of a fresh server that are missing. In a store of an earlier start, the `kubernetes` Service gets
 * the new port.
 *
 * @param port of the server, which the `kubernetes` Service leads to.
 * @param options.bare leaves aggregated roles without rules, as no control loop gathers them there, and adds no StorageClass.
 * @param options.first whether the store is new: a StorageClass that somebody deleted does not come back.
 */
export async function bootstrap(store: Store, port: number, { bare, first }: { bare: boolean; first: boolean }): Promise<void> {
  const objects = JSON.parse(await readFile(new URL("../../data/bootstrap.json", import.meta.url), "utf8")) as KubeObject[];
  if (!bare && first) objects.push(STANDARD_CLASS);
  const now = timestamp();
  const table = kinds();
  for (const object of objects) {
    const slash = object.apiVersion.indexOf("/");
    const row = table.byKind(slash < 0 ? "" : object.apiVersion.slice(0, slash), object.apiVersion.slice(slash + 1), object.kind);
    if (!row) continue;
    const stored = tableOf(store, row.group, row.plural);
    if (stored.get(object.metadata.namespace ?? "", object.metadata.name ?? "")) continue;
    const metadata = { ...object.metadata, uid: randomUUID(), creationTimestamp: now, ...(row.generation ? { generation: 1 } : {}) };
    const rules = bare && object["aggregationRule"] !== undefined ? { rules: null } : {};
    const status = object.kind === "Namespace" ? { status: { phase: "Active" } } : dated(object, now);
    stored.put({ ...object, metadata, ...rules, ...status }, undefined);
  }
  writeKubernetesService(store, port, now);
}

function writeKubernetesService(store: Store, port: number, now: string): void {
  const services = tableOf(store, "", "services");
  const known = services.get("default", "kubernetes");
  const fresh = kubernetesService(port);
  if (!known) services.put({ ...fresh, metadata: { ...fresh.metadata, uid: randomUUID(), creationTimestamp: now } }, undefined);
  else if (!isDeepStrictEqual(known.object["spec"], fresh["spec"])) services.put({ ...known.copy(), spec: fresh["spec"] }, known);
}

/** Conditions as of now. */
function dated(object: KubeObject, now: string): object {
  const { conditions } = (object["status"] ?? {}) as { conditions?: object[] };
  return conditions ? { status: { conditions: conditions.map((one) => ({ ...one, lastTransitionTime: now })) } } : {};
}

/** The default StorageClass, as in a cluster that kind made: claims get a volume on the node of the first pod that uses them. */
const STANDARD_CLASS: KubeObject = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: "rancher.io/local-path",
  reclaimPolicy: "Delete",
  volumeBindingMode: "WaitForFirstConsumer",
};

function kubernetesService(port: number): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kubernetes", namespace: "default", labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1"],
      internalTrafficPolicy: "Cluster",
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: port }],
      sessionAffinity: "None",
      type: "ClusterIP",
    },
    status: { loadBalancer: {} },
  };
}
