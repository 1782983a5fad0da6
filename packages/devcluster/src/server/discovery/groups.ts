import { compareVersions, type ServedResource } from "../../registry/index.ts";

/** Groups in the order of their priority, as a real server lists them; definitions' groups follow by name. */
const order = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
];

export interface Group {
  readonly name: string;
  /** Preferred version first. */
  readonly versions: readonly string[];
}

export function groupsOf(served: readonly ServedResource[]): Group[] {
  const versions = new Map<string, Set<string>>();
  for (const { group, version } of served) {
    const known = versions.get(group);
    if (known) known.add(version);
    else versions.set(group, new Set([version]));
  }
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...versions]
    .map(([name, found]) => ({ name, versions: [...found].sort(compareVersions) }))
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
}
