import type { KubeObject } from "@outrigger/kit/api";
import type { Client } from "@outrigger/kit/client";
import type { PolicyRule } from "@outrigger/kit/controller";
import { ConfigMap } from "@outrigger/kit/kinds";

/** Where kruise keeps its configuration; a cluster that comes over brings it along. */
const CONFIGURATION = { namespace: "kruise-system", name: "kruise-configuration" };
/** By its name in any namespace, since the namespace need not exist when the role is made. */
export const WHITELIST_RIGHT: PolicyRule = {
  apiGroups: [""],
  resources: ["configmaps"],
  resourceNames: [CONFIGURATION.name],
  verbs: ["get"],
};
const WHITELIST_KEY = "SidecarSet_PatchPodMetadata_WhiteList";

/** Whether a set patches metadata of pods: only then the configuration matters. */
export function patchesMetadata(set: KubeObject | null | undefined): boolean {
  const patches = (set?.["spec"] as { readonly patchPodMetadata?: unknown } | undefined)?.patchPodMetadata;
  return Array.isArray(patches) && patches.length > 0;
}

/**
 * Which annotations sets may patch in pods, as the cluster's configuration says; asked for when a set patches any, which
 * is seldom, so that nothing of that namespace has to be watched.
 *
 * @returns nothing where the ConfigMap or its key is absent
 * @throws ForbiddenError, ConnectionError where the ConfigMap may not or cannot be read.
 */
export async function metadataWhitelist(client: Client): Promise<string | undefined> {
  const found = (await client.find(ConfigMap, CONFIGURATION)) as { readonly data?: Readonly<Record<string, string>> } | undefined;
  return found?.data?.[WHITELIST_KEY];
}
