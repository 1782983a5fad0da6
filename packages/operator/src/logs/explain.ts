import type { KubeObject } from "@outrigger/kit/api";
import type { PodLogArchiveObject } from "./resource.ts";
import { archiveFor, isExcluded } from "./select.ts";

export interface ArchiveExplanation {
  /** `PodLogArchive/<name>`. */
  readonly rule: string;
  readonly action: "applied" | "skipped";
  readonly message: string;
}

/**
 * Which archive keeps the logs of a pod, and why others do not.
 *
 * @param managerNamespace whose pods no archive keeps
 */
export function explainArchives(
  archives: readonly PodLogArchiveObject[],
  { metadata }: KubeObject,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
  managerNamespace: string,
): ArchiveExplanation[] {
  const chosen = archiveFor(archives, metadata.labels, namespaceLabels);
  const excluded = isExcluded(metadata.namespace, managerNamespace);
  return archives.map((archive) => {
    const rule = `PodLogArchive/${archive.metadata.name}`;
    if (excluded) return { rule, action: "skipped", message: `logs of namespace ${metadata.namespace} are not kept` };
    if (archive !== chosen) {
      const selects = archiveFor([archive], metadata.labels, namespaceLabels) !== undefined;
      const message = selects ? `PodLogArchive/${chosen?.metadata.name} comes first by name` : "its selectors do not match the pod";
      return { rule, action: "skipped", message };
    }
    const ready = archive.status?.conditions?.find(({ type }) => type === "Ready");
    const where = archive.spec.s3 ? `bucket ${archive.spec.s3.bucket}` : "the manager's folder";
    const wrong = ready?.status === "False" ? `, but ${ready.reason}: ${ready.message}` : "";
    return { rule, action: "applied", message: `its logs are kept in ${where}${wrong}` };
  });
}
