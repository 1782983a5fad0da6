// What all manifests share: where a file of them goes, names, labels, the namespace.
import { Expression, type Node } from "../manifest-tree/index.ts";

/** A folder of the kustomize tree. */
export type Part = "crd" | "rbac" | "manager" | "webhook" | "monitoring" | "uninstall";

export interface Manifest {
  readonly part: Part;
  /** Name of the file, without its ending. */
  readonly file: string;
  readonly node: Node;
  /** Of the chart alone: what only Helm acts on. */
  readonly chartOnly?: boolean;
}

export const MANAGER = "outrigger-manager";
export const WEBHOOK_SERVICE = "outrigger-webhook";
export const METRICS_SERVICE = "outrigger-metrics";
export const NAMESPACE = "outrigger-system";
export const PORTS = { webhook: 9443, metrics: 8443, probes: 8081 } as const;

/** The release's namespace. */
export const namespace = new Expression(".Release.Namespace", (values) => values["namespace"] ?? NAMESPACE);
export const version = new Expression(".Chart.AppVersion", (values) => values["appVersion"]);

/** Labels by which Services and policies find the manager's pods; they never change, since a Deployment's selector cannot. */
export const SELECTOR = { "app.kubernetes.io/name": MANAGER } as const;

export const LABELS = { "app.kubernetes.io/name": MANAGER, "app.kubernetes.io/part-of": "outrigger" } as const;

/** Metadata of an object in the release's namespace. */
export function namespaced(name: string, more: { readonly [key: string]: Node } = {}): { readonly [key: string]: Node } {
  return { name, namespace, labels: LABELS, ...more };
}

/** Metadata of an object of the whole cluster. */
export function clusterWide(name: string, more: { readonly [key: string]: Node } = {}): { readonly [key: string]: Node } {
  return { name, labels: LABELS, ...more };
}
