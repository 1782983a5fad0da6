import type { Container, Pod } from "./pod.ts";
import type { InjectionEntry } from "./record.ts";

/*
 * A second call (reinvocation, a restored backup) must decide on what the first one saw, or it would take its own work
 * for the user's. The record says what that work was.
 */

/** The pod as it was before rules of these kinds set labels and annotations; the same object when there are none. */
export function withoutMetadataOf(pod: Pod, record: readonly InjectionEntry[], kinds: readonly string[]): Pod {
  const entries = record.filter((entry) => kinds.some((kind) => entry.rule.startsWith(`${kind}/`)));
  const labels = new Set(entries.flatMap((entry) => entry.labels ?? []));
  const annotations = new Set(entries.flatMap((entry) => entry.annotations ?? []));
  if (labels.size === 0 && annotations.size === 0) return pod;
  const { metadata } = pod;
  const labelsBefore = Object.assign({}, ...entries.map((entry) => entry.replaced?.labels).reverse());
  const annotationsBefore = Object.assign({}, ...entries.map((entry) => entry.replaced?.annotations).reverse());
  return {
    ...pod,
    metadata: {
      ...metadata,
      ...(!metadata.labels ? {} : { labels: { ...without(metadata.labels, labels), ...labelsBefore } }),
      ...(!metadata.annotations ? {} : { annotations: { ...without(metadata.annotations, annotations), ...annotationsBefore } }),
    },
  };
}

/** `containers` without those, and without the variables and mounts, that templates brought earlier. */
export function withoutTemplates(containers: readonly Container[], record: readonly InjectionEntry[]): readonly Container[] {
  const entries = record.filter((entry) => entry.rule.startsWith("Template/"));
  if (entries.length === 0) return containers;
  const names = new Set(entries.flatMap((entry) => entry.containers ?? []));
  const variables = new Set(entries.flatMap((entry) => entry.env ?? []));
  const mounts = new Set(entries.flatMap((entry) => entry.mounts ?? []));
  return containers
    .filter((container) => !names.has(container.name))
    .map((container) => ({
      ...container,
      ...(!container.env ? {} : { env: container.env.filter((variable) => !variables.has(variable.name)) }),
      ...(!container.volumeMounts ? {} : { volumeMounts: container.volumeMounts.filter((mount) => !mounts.has(mount.mountPath)) }),
    }));
}

/** Names of containers that templates brought earlier. */
export function templateContainers(record: readonly InjectionEntry[]): ReadonlySet<string> {
  return new Set(record.flatMap((entry) => (entry.rule.startsWith("Template/") ? (entry.containers ?? []) : [])));
}

function without(map: Readonly<Record<string, string>>, keys: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.has(key)));
}
