import type { Pod } from "./pod.ts";

/** Kruise's container launch priority, by which it starts the containers of a pod one after the other. */
export const PRIORITY_VARIABLE = "KRUISE_CONTAINER_PRIORITY";
const PRIORITY_ANNOTATION = "apps.kruise.io/container-launch-priority";

/** What a pod asks for that has no effect here, in words for its author: containers start all at once. */
export function launchPriorityWarning({ metadata, spec }: Pod): string | undefined {
  if (metadata.annotations?.[PRIORITY_ANNOTATION] !== undefined)
    return `annotation ${PRIORITY_ANNOTATION} has no effect: containers start without priorities`;
  for (const { name, env } of spec.containers)
    if (env?.some((variable) => variable.name === PRIORITY_VARIABLE))
      return `container ${name}: ${PRIORITY_VARIABLE} has no effect: containers start without priorities`;
  return undefined;
}
