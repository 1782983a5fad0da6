import { isDeepStrictEqual } from "node:util";
import { type Observed, objectKey, ownerReference, type Resource } from "@outrigger/kit/api";
import type { Informer } from "@outrigger/kit/cache";
import { AlreadyExistsError } from "@outrigger/kit/client";
import type { Context } from "@outrigger/kit/controller";
import { ControllerRevision, type PodTemplate } from "../../objects/index.ts";
import { orphansIn } from "../indexes.ts";
import { claim } from "../pods/index.ts";
import { difference } from "../writes.ts";
import { revisionData, revisionHash } from "./revision-data.ts";

const HASH = "controller.kubernetes.io/hash";

interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Observed<Resource>["metadata"] & { readonly namespace: string };
  readonly spec: { readonly template: PodTemplate; readonly selector: object };
}
type Ctx = Pick<
  Context<Resource, typeof ControllerRevision, typeof ControllerRevision>,
  "client" | "create" | "patch" | "delete" | "owned"
>;

/** The revisions of an owner, oldest first; orphans that match are adopted. */
export async function revisionsOf(
  ctx: Ctx,
  ownerResource: Resource,
  owner: Owner,
  informer: Informer<typeof ControllerRevision>,
): Promise<readonly ControllerRevision[]> {
  const claimed = await claim(ctx.client, ownerResource, owner, {
    resource: ControllerRevision,
    owned: ctx.owned(ControllerRevision),
    orphans: orphansIn(informer, owner.metadata.namespace),
    selector: owner.spec.selector,
    writer: ctx as never,
  });
  return [...claimed].sort(byRevision);
}
function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  return a.revision - b.revision || (a.metadata.name < b.metadata.name ? -1 : 1);
}

/**
 * The revision of the owner's present template: the newest one if it is that; an older one made the newest again; else a
 * new one.
 *
 * @param named the revision's hash, and the label that says it.
 * @returns the revision and all revisions with it, or the count of collisions when its name was taken by another's.
 */
export async function presentRevision(
  ctx: Ctx,
  resource: Resource,
  owner: Owner,
  revisions: readonly ControllerRevision[],
  collisions: number | undefined,
  named: { readonly label: string; readonly hash: string } = {
    label: HASH,
    hash: revisionHash(revisionData(owner.spec.template), collisions),
  },
): Promise<{ readonly revision: ControllerRevision; readonly revisions: readonly ControllerRevision[] } | { readonly collided: true }> {
  const data = revisionData(owner.spec.template);
  const next = (revisions.at(-1)?.revision ?? 0) + 1;
  const equal = revisions.filter((one) => isDeepStrictEqual(one.data, data)).at(-1);
  if (equal && equal === revisions.at(-1)) return { revision: equal, revisions };
  if (equal) {
    const revision = await ctx.patch(ControllerRevision, objectKey(equal), difference(equal, { ...equal, revision: next }));
    return { revision, revisions: [...revisions.filter((one) => one !== equal), revision] };
  }
  const { hash, label } = named;
  // The cache does not keep kubectl's annotation, which a revision takes over.
  const live = await ctx.client.get(resource, objectKey(owner));
  const { namespace } = owner.metadata;
  const name = `${owner.metadata.name}-${hash}`;
  const desired = {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name,
      namespace,
      labels: { ...owner.spec.template.metadata?.labels, [label]: hash },
      annotations: { ...live.metadata.annotations },
      ownerReferences: [ownerReference(owner)],
    },
    data,
    revision: next,
  };
  try {
    const revision = await ctx.create(ControllerRevision, desired as never);
    return { revision, revisions: [...revisions, revision] };
  } catch (error) {
    if (!(error instanceof AlreadyExistsError)) throw error;
    const found = await ctx.client.get(ControllerRevision, { namespace, name });
    if (isDeepStrictEqual(found.data, data)) throw error;
    return { collided: true };
  }
}

/** Deletes the oldest revisions beyond the limit that nothing uses. */
export async function truncateHistory(
  ctx: Ctx,
  revisions: readonly ControllerRevision[],
  used: ReadonlySet<string>,
  limit: number,
): Promise<void> {
  const spare = [...revisions].sort(byRevision).filter(({ metadata }) => !used.has(metadata.name));
  for (const revision of spare.slice(0, Math.max(0, spare.length - limit))) await ctx.delete(revision);
}
