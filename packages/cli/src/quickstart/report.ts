import { table } from "../table.ts";
import type { PodView } from "./promises.ts";

/** One rule's part in a pod, as the annotation `outrigger.dev/injection` records it. */
interface Recorded {
  readonly rule: string;
  readonly action: string;
  readonly reason?: string;
}

/** The pods as a table: what each has by now, which labels were added, and the rules that did it. */
export function report(pods: readonly PodView[]): string {
  const rows = [...pods]
    .sort((a, b) => order(a).localeCompare(order(b)))
    .map((pod) => {
      const states = pod.status?.containerStatuses ?? [];
      const applied = recorded(pod).filter((entry) => entry.action !== "skipped");
      return [
        pod.metadata.namespace ?? "",
        pod.metadata.name ?? "",
        `${states.filter((state) => state.ready).length}/${pod.spec.containers.length}`,
        pod.spec.containers.map((container) => container.name).join(","),
        labelsAdded(pod).join(",") || "-",
        applied.map((entry) => entry.rule).join(",") || "-",
      ];
    });
  return table(["NAMESPACE", "POD", "READY", "CONTAINERS", "LABELS ADDED", "RULE"], rows);
}

function order(pod: PodView): string {
  return `${pod.metadata.namespace}/${pod.metadata.name}`;
}

function recorded(pod: PodView): readonly Recorded[] {
  try {
    const value = JSON.parse(pod.metadata.annotations?.["outrigger.dev/injection"] ?? "[]") as unknown;
    return Array.isArray(value) ? (value as Recorded[]) : [];
  } catch {
    return [];
  }
}

/** The contiv labels are the only ones that the quickstart's rules add. */
function labelsAdded(pod: PodView): string[] {
  return Object.entries(pod.metadata.labels ?? {})
    .filter(([key]) => key.startsWith("io.contiv."))
    .map(([key, value]) => `${key}=${value}`);
}
