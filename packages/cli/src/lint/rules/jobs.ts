import { type LabelSelector, labelSelector } from "@outrigger/kit/api";
import type { Rule } from "../finding.ts";
import { UNKNOWN } from "../manifest.ts";
import { podLabelsOf, podSpecOf } from "../pods.ts";

interface SetObject {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly selector?: LabelSelector;
    readonly namespace?: string;
    readonly namespaceSelector?: LabelSelector;
    readonly containers?: readonly { readonly name?: string }[];
  };
}

const RUN_AS = "outrigger.dev/run-as";

/** A Job ends when all ordinary containers of its pod have ended: a sidecar that runs on keeps it for ever. */
export const sidecarOfJob: Rule = {
  name: "sidecar-of-job",
  *check(manifest, all) {
    const kind = String(manifest.object["kind"]);
    const found = kind === "Job" || kind === "CronJob" ? podSpecOf(manifest) : undefined;
    if (found === undefined) return;
    const labels = podLabelsOf(manifest) ?? {};
    if (Object.values(labels).includes(UNKNOWN)) return;
    for (const { object } of all) {
      const { kind: other, metadata = {}, spec = {} } = object as SetObject;
      if (other !== "SidecarSet" || metadata.annotations?.[RUN_AS] === "native-sidecar" || !matches(spec, labels)) continue;
      const [container] = spec.containers ?? [];
      if (container === undefined) continue;
      yield {
        path: found.path,
        message: `SidecarSet ${metadata.name} brings container ${container.name} into this ${kind}'s pods, which never end while it runs. Set the annotation ${RUN_AS}: native-sidecar on the SidecarSet (Kubernetes 1.29), or change its selector`,
      };
    }
  },
};

/** Of a set for some namespaces nobody knows from files whether it is for this one. */
function matches(
  { selector, namespace, namespaceSelector }: NonNullable<SetObject["spec"]>,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (selector === undefined || namespace || namespaceSelector !== undefined) return false;
  try {
    return labelSelector(selector).matches(labels);
  } catch {
    return false;
  }
}
