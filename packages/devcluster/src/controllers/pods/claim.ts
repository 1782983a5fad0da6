import {
  controllerOf,
  type LabelSelector,
  labelSelector,
  type ObjectKey,
  type Observed,
  type Resource,
  type Selector,
} from "@outrigger/kit/api";
import { type Client, InvalidError, NotFoundError } from "@outrigger/kit/client";

interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string; readonly deletionTimestamp?: string };
}
interface Claims<R extends Resource> {
  readonly resource: R;
  /** Objects that the owner controls, and those nobody does, in its namespace. */
  readonly owned: readonly Observed<R>[];
  readonly orphans: readonly Observed<R>[];
  readonly selector: LabelSelector | Selector;
  /** Which orphans may be taken; all that match when absent. */
  readonly mayAdopt?: (object: Observed<R>) => boolean;
  /** Who writes: a reconcile's context, so that it waits for what it wrote. */
  readonly writer: { patch(resource: never, key: ObjectKey, body: { type: "strategic"; patch: object }): Promise<unknown> };
}

/**
 * What an owner controls: it adopts orphans that its selector matches and lets go of what no longer matches
 * (`controller_ref_manager`). An owner that is being deleted does neither.
 *
 * @param client asked for the owner's present state before the first adoption: a cache may not show yet that it is gone.
 */
export async function claim<R extends Resource>(
  client: Client,
  ownerResource: Resource,
  owner: Owner,
  claims: Claims<R>,
): Promise<readonly Observed<R>[]> {
  const selector = "matches" in claims.selector ? claims.selector : labelSelector(claims.selector);
  const deleted = owner.metadata.deletionTimestamp !== undefined;
  const kept: Observed<R>[] = [];
  for (const object of claims.owned) {
    if (selector.matches(object.metadata.labels)) kept.push(object);
    else if (!deleted && object.metadata.deletionTimestamp === undefined) await release(owner, object, claims);
  }
  if (deleted) return kept;
  let allowed: boolean | undefined;
  for (const object of claims.orphans) {
    if (object.metadata.deletionTimestamp !== undefined || !selector.matches(object.metadata.labels) || claims.mayAdopt?.(object) === false)
      continue;
    if (controllerOf(object)) continue;
    allowed ??= await stillThere(client, ownerResource, owner);
    if (!allowed) break;
    const adopted = await adopt(owner, object, claims);
    if (adopted) kept.push(adopted);
  }
  return kept;
}

async function stillThere(client: Client, resource: Resource, owner: Owner): Promise<boolean> {
  const { namespace, name, uid } = owner.metadata;
  const now = await client.find(resource, namespace === undefined ? { name } : { namespace, name });
  return now?.metadata.uid === uid && now.metadata.deletionTimestamp === undefined;
}

/** An object that is gone by now is no error, and not adopted. */
async function adopt<R extends Resource>(
  owner: Owner,
  object: Observed<R>,
  { resource, writer }: Claims<R>,
): Promise<Observed<R> | undefined> {
  const { apiVersion, kind, metadata } = owner;
  const reference = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
  try {
    return (await writer.patch(resource as never, keyOf(object), {
      type: "strategic",
      patch: { metadata: { uid: object.metadata.uid, ownerReferences: [reference] } },
    })) as Observed<R>;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function release<R extends Resource>(owner: Owner, object: Observed<R>, { resource, writer }: Claims<R>): Promise<void> {
  const references = [{ $patch: "delete", uid: owner.metadata.uid }];
  try {
    await writer.patch(resource as never, keyOf(object), {
      type: "strategic",
      patch: { metadata: { uid: object.metadata.uid, ownerReferences: references } },
    });
  } catch (error) {
    // Gone, or another of its name by now.
    if (!(error instanceof NotFoundError || error instanceof InvalidError)) throw error;
  }
}

function keyOf({ metadata }: Observed<Resource>): ObjectKey {
  return metadata.namespace === undefined ? { name: metadata.name } : { namespace: metadata.namespace, name: metadata.name };
}
