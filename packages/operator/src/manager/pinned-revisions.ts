import type { KubeObject } from "@outrigger/kit/api";
import type { Informer } from "@outrigger/kit/cache";
import type { Client } from "@outrigger/kit/client";
import { ControllerRevision } from "@outrigger/kit/kinds";
import type { FeatureContext, FeatureRead } from "../feature/index.ts";
import { revisionSelection } from "../rollout/index.ts";
import { pinnedRevision, revisionsOf, type SetRevision, type SidecarSetSpec } from "../sidecarset/index.ts";
import type { FreshSource } from "./freshness.ts";

/** The revisions of SidecarSets as a cache: the same that the controller keeps. */
export function revisionRead(namespace: string): FeatureRead {
  return { resource: ControllerRevision, options: revisionSelection(namespace) };
}

export function revisionInformer(informers: FeatureContext["informers"], namespace: string): Informer {
  return informers.for(ControllerRevision, revisionSelection(namespace)) as unknown as Informer;
}

/** Compared only after its watch broke: a set that pins a revision is accepted when that revision is there. */
export function revisionSource(informer: Informer, namespace: string): FreshSource {
  return { informer, options: revisionSelection(namespace), onlyAfterBreak: true };
}

/**
 * Whether the revision that a set pins is there; nothing where it pins none. Asked of the API server, since a pin often
 * follows on the heels of the version that it pins.
 */
export async function pinIsThere(client: Client, set: KubeObject | null | undefined, namespace: string): Promise<boolean | undefined> {
  const pin = (set?.["spec"] as SidecarSetSpec | undefined)?.injectionStrategy?.revision;
  if (typeof pin !== "object" || pin === null) return undefined;
  const { items } = await client.list(ControllerRevision, revisionSelection(namespace));
  return pinnedRevision(pin, revisionsOf(set?.metadata.name ?? "", items as unknown as readonly SetRevision[])) !== undefined;
}
