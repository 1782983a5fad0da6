import type { Pod } from "@outrigger/kit/kinds";

/** The name of the claim that a volume of a pod stands for; `undefined` for other volumes. An ephemeral one has a claim of its own. */
export function claimNameOf(pod: Pod, volume: NonNullable<Pod["spec"]["volumes"]>[number]): string | undefined {
  const { name, persistentVolumeClaim, ephemeral } = volume;
  return persistentVolumeClaim?.claimName ?? (ephemeral ? `${pod.metadata.name}-${name}` : undefined);
}
