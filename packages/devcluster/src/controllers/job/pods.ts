import { ownerReference } from "@outrigger/kit/api";
import type { Job, Pod, PodTemplate } from "../../objects/index.ts";

export const TRACKING = "batch.kubernetes.io/job-tracking";
const INDEX = "batch.kubernetes.io/job-completion-index";

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === "Indexed";
export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(TRACKING) ?? false;
/** The index that a pod works on. */
export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[INDEX];
  return text === undefined ? undefined : Number(text);
}

/**
 * A pod of a job; of an indexed one, for an index. It keeps a finalizer until it was counted.
 *
 * @param notes annotations beside the template's.
 */
export function podOf(job: Job, index: number | undefined, notes: Readonly<Record<string, string>>): object {
  const template = job.spec.template as PodTemplate;
  const { labels, annotations, finalizers = [] } = template.metadata ?? {};
  const { name, namespace } = job.metadata;
  const indexed = index === undefined ? {} : { [INDEX]: String(index) };
  const env = { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { fieldPath: `metadata.annotations['${INDEX}']` } } };
  const withIndex = <C extends { readonly env?: readonly { readonly name: string }[] }>(container: C): C =>
    index === undefined || container.env?.some((one) => one.name === env.name)
      ? container
      : { ...container, env: [...(container.env ?? []), env] };
  const spec = template.spec!;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: index === undefined ? `${name}-` : `${name}-${index}-`,
      namespace,
      labels: { ...labels, ...indexed },
      ...(annotations || index !== undefined ? { annotations: { ...annotations, ...indexed, ...notes } } : {}),
      finalizers: [...finalizers, TRACKING],
      ownerReferences: [ownerReference(job)],
    },
    spec: {
      ...spec,
      containers: spec.containers.map(withIndex),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(withIndex) } : {}),
      ...(index === undefined ? {} : { hostname: `${name}-${index}` }),
    },
  };
}

/** Indexes as a job's status keeps them: `0-3,5`. */
export function indexesText(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const ranges: string[] = [];
  for (let at = 0; at < sorted.length; ) {
    let end = at;
    while (sorted[end + 1] === sorted[end]! + 1) end++;
    const [first, last] = [sorted[at]!, sorted[end]!];
    ranges.push(first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`);
    at = end + 1;
  }
  return ranges.join(",");
}
export function parseIndexes(text: string | undefined): Set<number> {
  const indexes = new Set<number>();
  for (const range of text?.split(",").filter(Boolean) ?? []) {
    const [first = 0, last = first] = range.split("-").map(Number);
    for (let index = first; index <= last; index++) indexes.add(index);
  }
  return indexes;
}
