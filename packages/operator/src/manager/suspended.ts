import type { KubeObject } from "@outrigger/kit/api";

/** On a webhook configuration of ours: it has no entries until the annotation is taken off. Its value says since when, and who. */
export const SUSPENDED_ANNOTATION = "outrigger.dev/suspended";

/** A configuration as it should be, while somebody has suspended it: without entries, and still there. */
export function unlessSuspended(configuration: KubeObject, observed: KubeObject | undefined): KubeObject {
  const suspended = observed?.metadata.annotations?.[SUSPENDED_ANNOTATION];
  if (suspended === undefined) return configuration;
  const { metadata } = configuration;
  return {
    ...configuration,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [SUSPENDED_ANNOTATION]: suspended } },
    webhooks: [],
  };
}
