import type { KubeObject } from "@outrigger/kit/api";
import { compileSelector } from "../pipeline/index.ts";
import { podKey, type SeenPod, seenPod } from "../seen-pod/index.ts";
import { type Clash, clashes, revisionsOf, type SetRevision, type SidecarSet } from "../sidecarset/index.ts";
import { changedPods } from "./changed.ts";
import { choose, type WaitReason } from "./choose.ts";
import { isMissed, standsInFor } from "./missed.ts";
import { podState } from "./pod-state.ts";
import { rolloutSet } from "./rollout-set.ts";
import { failureOf } from "./status.ts";

/** What the rollout of a set waits for, computed from what the cluster has now. */
export interface RolloutExplanation {
  readonly set: string;
  readonly latestRevision: string | undefined;
  readonly matched: number;
  readonly behind: number;
  readonly ready: number;
  /** Other sets that can match the same pods and bring something of the same name. */
  readonly conflicts: readonly Clash[];
  /** Pods that are not as the set wants them, or down. */
  readonly pods: readonly ExplainedPod[];
}

export interface ExplainedPod {
  /** `<namespace>/<name>` */
  readonly pod: string;
  readonly reason: WaitReason | "Updating" | "NotReady" | "Missed";
  readonly message: string;
  /** What a person can do. */
  readonly remedy: string;
}

export interface RolloutSurroundings {
  /** Whole pods; at least those that the set's selector matches. */
  readonly pods: readonly KubeObject[];
  readonly namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly revisions: readonly SetRevision[];
  readonly otherSets: readonly SidecarSet[];
  readonly excludedNamespaces: readonly string[];
}

const CONTROL_PLANE_LABEL = "control-plane";

export function explainRollout(set: SidecarSet, around: RolloutSurroundings): RolloutExplanation {
  const compiled = rolloutSet(set);
  const labelsOf = (namespace: string): Readonly<Record<string, string>> => around.namespaceLabels.get(namespace) ?? {};
  const members = around.pods
    .map((pod) => seenPod(pod) as unknown as SeenPod)
    .filter(({ metadata }) => compiled.pods(metadata.labels ?? {}) && compiled.namespaces(labelsOf(metadata.namespace)));
  const states = members.flatMap((pod) => podState(pod, compiled) ?? []);
  const choice = choose(states, compiled.strategy);
  const changed = changedPods(choice, set, revisionsOf(compiled.name, around.revisions));
  const canaries = around.otherSets
    .filter((other) => standsInFor(other) === compiled.name)
    .map((other) => compileSelector(other.spec.selector));
  const missed = members.filter(
    (pod) =>
      !around.excludedNamespaces.includes(pod.metadata.namespace) &&
      !(CONTROL_PLANE_LABEL in labelsOf(pod.metadata.namespace)) &&
      isMissed(pod, set, canaries),
  );
  const down = choice.down.map((state) => failureOf(state) ?? state.key);
  const strategy = set.spec.updateStrategy ?? {};
  const explain: Readonly<Record<WaitReason, (what: string | undefined) => [string, string]>> = {
    MaxUnavailable: () => [
      `maxUnavailable is ${choice.maxUnavailable}, and down are: ${down.slice(0, 3).join("; ") || "the pods that are being updated"}${down.length > 3 ? "; …" : ""}`,
      choice.maxUnavailable === 0
        ? "set updateStrategy.maxUnavailable to at least 1"
        : "mend the pods that are down, put the image before back, or raise updateStrategy.maxUnavailable",
    ],
    InProgress: () => ["the kubelet has not done the update before this one", "wait; look at the pod's node if it lasts"],
    NotUpgradable: (what) => [
      `only images can be updated in place: ${what}`,
      "create the pod anew: kubectl rollout restart its workload, or delete the pod",
    ],
    Paused: () => ["updateStrategy.paused is true", "set updateStrategy.paused to false"],
    NotUpdate: () => ["updateStrategy.type is NotUpdate", "set updateStrategy.type to RollingUpdate, or create the pod anew"],
    NotSelected: () => ["updateStrategy.selector does not match the pod", "change or remove updateStrategy.selector"],
    Partition: () => [
      `updateStrategy.partition ${JSON.stringify(strategy.partition ?? 0)} keeps ${choice.partition} of ${states.length} pods as they are`,
      "lower updateStrategy.partition",
    ],
  };
  const pods: ExplainedPod[] = [
    ...choice.next.map(({ key }) => ({ pod: key, reason: "Updating" as const, message: "it is next", remedy: "" })),
    ...choice.down
      .filter(({ updated }) => updated)
      .map((state) => ({
        pod: state.key,
        reason: "NotReady" as const,
        message: failureOf(state) ?? (state.settled ? "updated, not ready" : "updated, the kubelet has not done it yet"),
        remedy:
          failureOf(state) === undefined ? "wait; kubectl describe the pod if it lasts" : "mend the image, or put the one before back",
      })),
    ...choice.waiting.map(({ state, why }) => {
      const [message, remedy] = explain[why](changed.get(state));
      return { pod: state.key, reason: why, message, remedy };
    }),
    ...missed.map((pod) => ({
      pod: podKey(pod),
      reason: "Missed" as const,
      message: "created without the set's containers: the manager was down, or another webhook removed them",
      remedy: "delete the pod, or set the annotation outrigger.dev/repair: evict on the set",
    })),
  ];
  return {
    set: compiled.name,
    latestRevision: set.status?.latestRevision,
    matched: states.length,
    behind: states.filter(({ updated }) => !updated).length,
    ready: states.filter(({ settled, ready }) => settled && ready).length,
    conflicts: clashes(set, around.otherSets),
    pods,
  };
}
