import {
  type Client,
  type DiscoveredResource,
  dynamicResource,
  MethodNotAllowedError,
  NotFoundError,
  StatusError,
} from "@outrigger/kit/client";

/** What is left in a namespace, and what went wrong with deleting it. */
export interface Remaining {
  /** Objects left, by `resource.group`. */
  readonly objects: ReadonlyMap<string, number>;
  /** Objects that each finalizer holds back. */
  readonly finalizers: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
}

/**
 * Deletes everything in a namespace once, pods before all else, so that they end while what they use is there
 * (`pkg/controller/namespace/deletion`). What has finalizers or a grace period remains for now.
 */
export async function deleteContent(client: Client, namespace: string, signal: AbortSignal): Promise<Remaining> {
  const resources = (await client.discover({ signal })).filter(
    ({ namespaced, preferred, verbs, resource }) =>
      namespaced && preferred && verbs.includes("list") && verbs.includes("delete") && !resource.includes("/"),
  );
  const pods = resources.filter(({ group, resource }) => group === "" && resource === "pods");
  const first = await deleteAll(client, namespace, pods, signal);
  if (first.objects.size > 0 || first.failures.length > 0) return first;
  return deleteAll(
    client,
    namespace,
    resources.filter((resource) => !pods.includes(resource)),
    signal,
  );
}

async function deleteAll(
  client: Client,
  namespace: string,
  resources: readonly DiscoveredResource[],
  signal: AbortSignal,
): Promise<Remaining> {
  const objects = new Map<string, number>();
  const finalizers = new Map<string, number>();
  const failures: string[] = [];
  await Promise.all(
    resources.map(async ({ group, version, kind, resource: plural, verbs }) => {
      const resource = dynamicResource(group === "" ? version : `${group}/${version}`, kind, plural, "Namespaced");
      try {
        if ((await count()).length === 0) return;
        if (verbs.includes("deletecollection"))
          await client.deleteCollection(resource, { namespace, propagationPolicy: "Background", signal });
        else
          for (const { metadata } of await count())
            await client.delete(resource, { namespace, name: metadata.name }, { propagationPolicy: "Background", signal });
        const left = await count();
        if (left.length > 0) objects.set(`${plural}.${group}`, left.length);
        for (const { metadata } of left)
          for (const finalizer of metadata.finalizers ?? []) finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
      } catch (error) {
        // A kind that went away has no objects; one that cannot be listed has none that can be deleted.
        if (error instanceof NotFoundError || error instanceof MethodNotAllowedError) return;
        if (!(error instanceof StatusError)) throw error;
        failures.push(
          `unexpected items still remain in namespace: ${namespace} for gvr: ${group}/${version}, Resource=${plural}: ${error.message}`,
        );
      }
      async function count() {
        return (await client.list(resource, { namespace, metadataOnly: true, signal })).items;
      }
    }),
  );
  return { objects, finalizers, failures };
}
