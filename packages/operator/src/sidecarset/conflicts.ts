import { isDeepStrictEqual } from "node:util";
import type { Cause } from "@outrigger/kit/api";
import { BASE_ANNOTATION, CANARY_ANNOTATION } from "./names.ts";
import { canBothMatch } from "./overlap.ts";
import type { SidecarContainer, SidecarSet } from "./set.ts";

/**
 * What a set shares with other sets that can match the same pod: container names (those of hot-upgrade pairs too),
 * volumes of one name and different content, annotations that both write.
 */
export function conflicts(set: SidecarSet, others: readonly SidecarSet[]): Cause[] {
  const causes: Cause[] = [];
  for (const other of others) {
    if (other.metadata.name === set.metadata.name || standsInFor(set, other) || standsInFor(other, set)) continue;
    if (!canBothMatch(set.spec.selector, other.spec.selector) || !canBothMatch(set.spec.namespaceSelector, other.spec.namespaceSelector))
      continue;
    causes.push(...containerConflicts(set, other), ...volumeConflicts(set, other), ...annotationConflicts(set, other));
  }
  return causes;
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
  return container.upgradeStrategy?.upgradeType === "HotUpgrade"
    ? [container.name, `${container.name}-1`, `${container.name}-2`]
    : [container.name];
}

function standsInFor(canary: SidecarSet, base: SidecarSet): boolean {
  const { annotations } = canary.metadata;
  return annotations?.[CANARY_ANNOTATION] === "true" && annotations[BASE_ANNOTATION] === base.metadata.name;
}

function invalid(field: string, value: string, why: string): Cause {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` };
}
