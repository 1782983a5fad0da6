import { ownerReference } from "@outrigger/kit/api";
import type { DaemonSet, Node, Pod, PodSpec, PodTemplate } from "../../objects/index.ts";
import { selectsNode, tolerates } from "../scheduler/index.ts";

export const HASH = "controller-revision-hash";
const GENERATION = "deprecated.daemonset.template.generation";
const NAME_FIELD = "metadata.name";

/** What every daemon tolerates: nodes in trouble are where it is needed (`AddOrUpdateDaemonPodTolerations`). */
const TOLERATIONS = [
  ["node.kubernetes.io/not-ready", "NoExecute"],
  ["node.kubernetes.io/unreachable", "NoExecute"],
  ["node.kubernetes.io/disk-pressure", "NoSchedule"],
  ["node.kubernetes.io/memory-pressure", "NoSchedule"],
  ["node.kubernetes.io/pid-pressure", "NoSchedule"],
  ["node.kubernetes.io/unschedulable", "NoSchedule"],
] as const;

/** The daemon's pod for a node, which the scheduler is left no choice about. */
export function podFor(set: DaemonSet, hash: string, node: string): object {
  const template = set.spec.template as PodTemplate;
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const generation = set.metadata.annotations?.[GENERATION];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: { ...labels, [HASH]: hash, ...(generation === undefined ? {} : { "pod-template-generation": generation }) },
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [ownerReference(set)],
    },
    spec: { ...daemonSpec(template.spec!), affinity: pinned(template.spec!, node) },
  };
}
function daemonSpec(spec: PodSpec): PodSpec {
  const own = spec.hostNetwork ? [...TOLERATIONS, ["node.kubernetes.io/network-unavailable", "NoSchedule"] as const] : TOLERATIONS;
  const added = own.map(([key, effect]) => ({ key, operator: "Exists", effect }));
  const kept = (spec.tolerations ?? []).filter(
    ({ key, effect }) => !own.some(([ownKey, ownEffect]) => ownKey === key && ownEffect === effect),
  );
  return { ...spec, tolerations: [...kept, ...added] } as PodSpec;
}
function pinned({ affinity }: PodSpec, node: string): object {
  const term = { matchFields: [{ key: NAME_FIELD, operator: "In", values: [node] }] };
  const required = { nodeSelectorTerms: [term] };
  return { ...affinity, nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required } };
}

/** The node that a daemon's pod is on, or bound for. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec.nodeName) return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.flatMap(({ matchFields = [] }) => matchFields).find(({ key }) => key === NAME_FIELD)?.values?.[0];
}

/** Whether a node is to have a pod of the set, and whether one that is there may stay (`NodeShouldRunDaemonPod`). */
export function wantedOn(set: DaemonSet, node: Node): { readonly run: boolean; readonly stay: boolean } {
  const spec = daemonSpec((set.spec.template as PodTemplate).spec!);
  if ((spec.nodeName && spec.nodeName !== node.metadata.name) || !selectsNode(spec, node)) return { run: false, stay: false };
  const unwelcome = (node.spec?.taints ?? []).filter((taint) => taint.effect !== "PreferNoSchedule" && !tolerates(spec, taint));
  return { run: unwelcome.length === 0, stay: !unwelcome.some(({ effect }) => effect === "NoExecute") };
}
