// Pod specs, wherever a kind has them.
import type { Manifest } from "./manifest.ts";

export interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly volumeMounts?: readonly {
    readonly name?: string;
    readonly mountPath?: string;
    readonly subPath?: string;
    readonly subPathExpr?: string;
  }[];
  readonly readinessProbe?: unknown;
  readonly livenessProbe?: unknown;
}
export interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
}
export interface Volume {
  readonly name?: string;
  readonly configMap?: { readonly name?: string };
  readonly secret?: { readonly secretName?: string };
  readonly projected?: { readonly sources?: readonly { readonly configMap?: object; readonly secret?: object }[] };
}
type Path = readonly (string | number)[];

/** Where each kind keeps its pods. */
const WHERE: Readonly<Record<string, Path>> = {
  Pod: ["spec"],
  Deployment: ["spec", "template", "spec"],
  ReplicaSet: ["spec", "template", "spec"],
  StatefulSet: ["spec", "template", "spec"],
  DaemonSet: ["spec", "template", "spec"],
  Job: ["spec", "template", "spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
};

export function podSpecOf({ object }: Manifest): { readonly spec: PodSpec; readonly path: Path } | undefined {
  const path = WHERE[String(object["kind"])];
  if (!path) return undefined;
  const spec = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object) as PodSpec | undefined;
  return spec ? { spec, path } : undefined;
}

/** Labels of the pods that a workload makes, or of the pod itself. */
export function podLabelsOf({ object }: Manifest): Readonly<Record<string, string>> | undefined {
  const path = WHERE[String(object["kind"])];
  const at = path?.slice(0, -1).reduce<unknown>((one, key) => (one as Record<string, unknown> | undefined)?.[key], object);
  return (at as { metadata?: { labels?: Record<string, string> } } | undefined)?.metadata?.labels;
}

export function* containersOf(
  manifest: Manifest,
): Iterable<{ readonly container: Container; readonly path: Path; readonly spec: PodSpec }> {
  const found = podSpecOf(manifest);
  if (!found) return;
  for (const field of ["initContainers", "containers"] as const) {
    for (const [index, container] of (found.spec[field] ?? []).entries())
      yield { container, path: [...found.path, field, index], spec: found.spec };
  }
}
