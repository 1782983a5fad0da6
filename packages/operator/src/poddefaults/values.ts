import type { Pod } from "../pod/index.ts";
import type { DefaultEntry } from "./pod-defaults.ts";

/** Where values come from beside the manifest. */
export interface ValueSources {
  /** What the manager offers of its environment. Nothing else of it can be read: it may hold passwords. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** An entry's value, or why there is none. An empty value counts as unset: an empty label helps nobody. */
export type Resolved = { readonly value: string } | { readonly unset: string };

/** The parts of an entry that do not depend on the pod, resolved once; a function where they do. */
export type Resolver = Resolved | ((pod: Pod, namespaceLabels: Readonly<Record<string, string>>) => Resolved);

/** Those variables of an environment that are offered. */
export function offered(environment: ValueSources["environment"], names: readonly string[]): Readonly<Record<string, string>> {
  const set = names.filter((name) => Object.hasOwn(environment, name) && environment[name] !== undefined);
  return Object.fromEntries(set.map((name) => [name, environment[name] ?? ""]));
}

export function resolver(entry: DefaultEntry, sources: ValueSources): Resolver {
  if (entry.value !== undefined) return { value: entry.value };
  const { environment, namespaceLabel, fieldPath, workloadName } = entry.valueFrom ?? {};
  if (environment !== undefined) {
    const value = Object.hasOwn(sources.environment, environment) ? sources.environment[environment] : undefined;
    return value ? { value } : { unset: `${entry.name}: the manager offers no value of ${environment} (--offer-environment)` };
  }
  if (namespaceLabel !== undefined) {
    return (_pod, labels) =>
      Object.hasOwn(labels, namespaceLabel) && labels[namespaceLabel] !== ""
        ? { value: labels[namespaceLabel]! }
        : { unset: `${entry.name}: the namespace has no label ${namespaceLabel}` };
  }
  if (fieldPath !== undefined) {
    return (pod) => {
      const value = fieldValue(pod, fieldPath);
      return value ? { value } : { unset: `${entry.name}: the pod has no ${fieldPath} when it is admitted` };
    };
  }
  if (workloadName !== undefined) {
    return (pod) => {
      const value = workloadOf(pod);
      return value ? { value } : { unset: `${entry.name}: the pod belongs to no workload` };
    };
  }
  return { unset: `${entry.name}: neither value nor valueFrom says where the value comes from` };
}

/** The text at a downward-API path; nothing for what is not there, or no text, number or boolean. */
export function fieldValue(pod: Pod, path: string): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed !== null) {
    const map = pod.metadata[keyed[1] as "labels" | "annotations"];
    return map !== undefined && Object.hasOwn(map, keyed[2]!) ? map[keyed[2]!] : undefined;
  }
  let value: unknown = pod;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

/** The name of the workload that a pod belongs to; a ReplicaSet's name is its Deployment's with the hash of the template behind it. */
function workloadOf({ metadata }: Pod): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const hash = metadata.labels?.["pod-template-hash"];
  if (owner?.kind === "ReplicaSet" && hash && owner.name.endsWith(`-${hash}`)) return owner.name.slice(0, -hash.length - 1);
  return owner?.name;
}

export const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];

/** The proxies that the manager offers, as entries in upper and lower case; why there are none otherwise. */
export function proxyEntries({ environment }: ValueSources): { readonly entries: readonly DefaultEntry[]; readonly problem?: string } {
  const entries = PROXIES.flatMap((name): DefaultEntry[] => {
    const value = environment[name] || environment[name.toLowerCase()];
    return value ? [name, name.toLowerCase()].map((one) => ({ name: one, value })) : [];
  });
  return entries.length > 0
    ? { entries }
    : { entries, problem: `proxies: the manager offers no value of ${PROXIES.join(", ")} (--offer-environment)` };
}
