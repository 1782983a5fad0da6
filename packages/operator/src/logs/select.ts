import { type LabelSelector, labelSelector, Quantity } from "@outrigger/kit/api";
import { selectorProblem } from "../feature/index.ts";
import type { ArchiveRules } from "./archiver.ts";
import type { LogFolder } from "./log-folder.ts";
import type { PodLogArchiveObject } from "./resource.ts";

type Labels = Readonly<Record<string, string>> | undefined;

/** Namespaces of which no archive keeps logs: the manager's own logs would tell of themselves. */
export function isExcluded(namespace: string | undefined, managerNamespace: string): boolean {
  return namespace === managerNamespace || namespace === "kube-system";
}

/** The archive that keeps a pod: of several that select it, the first by name. */
export function archiveFor(
  archives: readonly PodLogArchiveObject[],
  labels: Labels,
  namespaceLabels: Labels,
): PodLogArchiveObject | undefined {
  return [...archives]
    .filter((one) => one.metadata.deletionTimestamp === undefined && selectorProblem(one.spec) === undefined)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .find(
      ({ spec }) =>
        (!spec.selector || labelSelector(spec.selector as LabelSelector).matches(labels)) &&
        (!spec.namespaceSelector || labelSelector(spec.namespaceSelector as LabelSelector).matches(namespaceLabels)),
    );
}

export function rulesOf({ metadata, spec }: PodLogArchiveObject, folder: LogFolder): ArchiveRules {
  return { name: metadata.name, maximumBytes: bytesOf(spec.maxBytesPerRun), folder };
}

export function bytesOf(quantity: string | number): number {
  return Quantity.parse(String(quantity)).toNumber();
}
