import { BASE_ANNOTATION, CANARY_ANNOTATION } from "./names.ts";
import type { SidecarSet } from "./set.ts";

/** The set for which this one, a canary, stands in; nothing where it is none. A canary without a base is none, as in kruise. */
export function canaryBase({ metadata: { annotations } }: SidecarSet): string | undefined {
  return annotations?.[CANARY_ANNOTATION] === "true" ? annotations[BASE_ANNOTATION] || undefined : undefined;
}
