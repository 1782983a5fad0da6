import { Expression, type Node, type Values } from "@outrigger/operator/manifest-tree";
import type { Operator, Project } from "../project/index.ts";

/** What manifests are made of. */
export interface Source {
  readonly project: Project;
  readonly operator: Operator;
  /** The owner's values over the defaults. */
  readonly values: Values;
}

/** A folder of the kustomize tree. */
export type Part = "crd/bases" | "rbac" | "manager" | "webhook" | "uninstall";

/** One object, and where it goes. */
export interface Manifest {
  readonly part: Part;
  /** Name of the file, without its ending. */
  readonly file: string;
  readonly node: Node;
  /** `chart`: what only Helm acts on; `plain`: what Helm makes itself. Default: both. */
  readonly only?: "chart" | "plain";
}

export const PORTS = { webhook: 9443, metrics: 8443, probes: 8081 } as const;

/** Names of the objects, as kubebuilder's projects have them. */
export function namesOf(name: string) {
  return {
    namespace: `${name}-system`,
    manager: `${name}-controller-manager`,
    role: `${name}-manager-role`,
    leaderRole: `${name}-leader-election-role`,
    metrics: `${name}-controller-manager-metrics-service`,
    metricsReader: `${name}-metrics-reader`,
    webhook: `${name}-webhook`,
    drain: `${name}-drain`,
  } as const;
}

/** The operator's Deployment where `outrigger deploy` puts it. */
export function deploymentOf(name: string): { readonly namespace: string; readonly name: string } {
  const { namespace, manager } = namesOf(name);
  return { namespace, name: manager };
}

/** Labels by which Services and policies find the operator's pods; they never change, since a Deployment's selector cannot. */
export const selectorOf = (name: string): Readonly<Record<string, string>> => ({
  "app.kubernetes.io/name": name,
  "control-plane": "controller-manager",
});
export const labelsOf = (name: string): Readonly<Record<string, string>> => ({ "app.kubernetes.io/name": name });

/** The release's namespace. */
export const namespaceOf = (name: string): Expression => new Expression(".Release.Namespace", () => namesOf(name).namespace);
