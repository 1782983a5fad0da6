import { isDeepStrictEqual } from "node:util";
import type { Cause } from "@outrigger/kit/api";
import { canaryBase } from "./canary.ts";
import { hotUpgradeNames } from "./hot-upgrade.ts";
import { canBothMatch, kruiseTakesForDisjoint } from "./overlap.ts";
import type { SidecarContainer, SidecarSet } from "./set.ts";

/**
 * What a set shares with other sets that can match the same pod: container names (those of hot-upgrade pairs too),
 * volumes of one name and different content, annotations that both write.
 *
 * @param which `refused`: clashes with sets that kruise finds overlapping too, where one of the two is to be refused.
 *   `taken`: with sets that kruise takes for disjoint although a pod can match both; clusters have such pairs, and a pod that matches
 *   both is refused
 */
export function conflicts(set: SidecarSet, others: readonly SidecarSet[], which: "refused" | "taken"): Cause[] {
  return others.flatMap((other) => {
    if (other.metadata.name === set.metadata.name || standsInFor(set, other) || standsInFor(other, set)) return [];
    const [a, b] = [set.spec, other.spec];
    if (!canBothMatch(a.selector, b.selector) || !canBothMatch(a.namespaceSelector, b.namespaceSelector)) return [];
    const disjoint = kruiseTakesForDisjoint(a.selector, b.selector) || kruiseTakesForDisjoint(a.namespaceSelector, b.namespaceSelector);
    if (disjoint !== (which === "taken")) return [];
    return [...containerConflicts(set, other), ...volumeConflicts(set, other), ...annotationConflicts(set, other)];
  });
}

/** One thing that a set shares with another that can match the same pods. */
export interface Clash {
  /** The other set. */
  readonly set: string;
  readonly message: string;
}

/** What the condition `Conflicting` says: the sets with which a set clashes in pods that match both, by name, one entry each. */
export function clashes(set: SidecarSet, others: readonly SidecarSet[]): Clash[] {
  return others
    .flatMap((other): Clash[] => {
      const [first] = [...conflicts(set, [other], "taken"), ...conflicts(set, [other], "refused")];
      if (first === undefined) return [];
      return [{ set: other.metadata.name ?? "", message: `${first.field}: ${first.message.replace(/^Invalid value: /, "")}` }];
    })
    .sort((a, b) => (a.set < b.set ? -1 : 1));
}

/** The names that a set must share with another to clash with it: of containers in pods, of volumes, of annotations that it writes. */
export function sharedNames({ spec }: SidecarSet): ReadonlySet<string> {
  return new Set([
    ...[...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(namesInPod).map((name) => `container ${name}`),
    ...(spec.volumes ?? []).map(({ name }) => `volume ${name}`),
    ...(spec.patchPodMetadata ?? []).flatMap(({ annotations }) => Object.keys(annotations ?? {}).map((key) => `annotation ${key}`)),
  ]);
}

const fix = "rename it, or make the selectors disjoint";

function containerConflicts(set: SidecarSet, other: SidecarSet): Cause[] {
  const taken = new Set([...(other.spec.containers ?? []), ...(other.spec.initContainers ?? [])].flatMap(namesInPod));
  return (["containers", "initContainers"] as const).flatMap((list) =>
    (set.spec[list] ?? []).flatMap((container, index) =>
      namesInPod(container)
        .filter((name) => taken.has(name))
        .map((name) =>
          invalid(
            `spec.${list}[${index}].name`,
            name,
            `SidecarSet ${JSON.stringify(other.metadata.name)} can match the same pods and has a container of this name; ${fix}`,
          ),
        ),
    ),
  );
}

function volumeConflicts(set: SidecarSet, other: SidecarSet): Cause[] {
  return (set.spec.volumes ?? []).flatMap((volume, index) => {
    const same = other.spec.volumes?.find((candidate) => candidate.name === volume.name);
    if (same === undefined || isDeepStrictEqual(same, volume)) return [];
    return [
      invalid(
        `spec.volumes[${index}]`,
        volume.name,
        `SidecarSet ${JSON.stringify(other.metadata.name)} can match the same pods and has another volume of this name; ${fix}`,
      ),
    ];
  });
}

/** `Retain` gives way to anything; of the other policies only merging goes with merging. */
function annotationConflicts(set: SidecarSet, other: SidecarSet): Cause[] {
  return (set.spec.patchPodMetadata ?? []).flatMap(({ annotations, patchPolicy }, index) =>
    Object.keys(annotations ?? {}).flatMap((key) => {
      const clash = other.spec.patchPodMetadata?.some(
        (patch) =>
          Object.hasOwn(patch.annotations ?? {}, key) &&
          writes(patchPolicy) &&
          writes(patch.patchPolicy) &&
          (patchPolicy === "Overwrite" || patch.patchPolicy === "Overwrite"),
      );
      if (clash !== true) return [];
      return [
        invalid(
          `spec.patchPodMetadata[${index}].annotations[${key}]`,
          key,
          `SidecarSet ${JSON.stringify(other.metadata.name)} can match the same pods and writes this annotation too`,
        ),
      ];
    }),
  );
}

function writes(policy: string | undefined): boolean {
  return policy === "Overwrite" || policy === "MergePatchJson";
}

function namesInPod(container: SidecarContainer): string[] {
  return container.upgradeStrategy?.upgradeType === "HotUpgrade" ? [container.name, ...hotUpgradeNames(container.name)] : [container.name];
}

function standsInFor(canary: SidecarSet, base: SidecarSet): boolean {
  return canaryBase(canary) === base.metadata.name;
}

function invalid(field: string, value: string, why: string): Cause {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}
