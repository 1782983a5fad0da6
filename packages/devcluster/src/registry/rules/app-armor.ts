import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { APP_ARMOR_ANNOTATION, appArmorProblems, appArmorProfileOf, appArmorWarning } from "@outrigger/machinery/kinds";

type Profile = Readonly<Record<string, unknown>>;
interface Secured {
  name?: string;
  securityContext?: { appArmorProfile?: Profile };
}
interface PodSpec extends Secured {
  os?: { name?: string };
  initContainers?: Secured[] | null;
  containers?: Secured[] | null;
  ephemeralContainers?: Secured[] | null;
}

/**
 * Fills in the profile that an annotation names, where the container has no field. Changes `pod`.
 * After `applyAppArmorVersionSkew` of `pkg/registry/core/pod`.
 */
export function fillAppArmorProfiles(pod: KubeObject, warn: (text: string) => void): void {
  const spec = pod["spec"] as PodSpec;
  if (spec.os?.name === "windows") return;
  // Validation comes later: lists may still be null.
  for (const container of [spec.initContainers, spec.containers, spec.ephemeralContainers].flatMap((list) => list ?? [])) {
    const annotation = pod.metadata.annotations?.[APP_ARMOR_ANNOTATION + container.name];
    if (annotation === undefined || container.securityContext?.appArmorProfile) continue;
    const profile = appArmorProfileOf(annotation);
    if (profile && isDeepStrictEqual(profile, spec.securityContext?.appArmorProfile)) continue;
    if (profile && appArmorProblems(profile).length === 0)
      container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    warn(appArmorWarning("", container.name ?? ""));
  }
}
