/**
 * Break glass: takes the entries of our webhook configurations away, so that the API server asks nobody, and puts them back.
 *
 * Guarantees
 * - The configurations stay, marked: the leader keeps a marked one empty, and fills it again when the mark is gone.
 * - It works without a manager, and for whoever may patch webhook configurations.
 *
 * Caveats: pods that are made meanwhile have no sidecar, and rules are stored unchecked.
 */
import type { KubeObject } from "@outrigger/kit/api";
import { type Client, type DynamicResource, dynamicResource } from "@outrigger/kit/client";
import { configurationNames } from "../drain/index.ts";
import { SUSPENDED_ANNOTATION } from "../manager/index.ts";

const LOOK_MS = 200;

/** @returns the names of the configurations that are empty now. */
export async function suspendWebhooks(client: Client, note: string): Promise<readonly string[]> {
  return onEach(client, async (resource, { metadata }) => {
    const patch = { metadata: { annotations: { [SUSPENDED_ANNOTATION]: note } }, webhooks: [] };
    await client.patch(resource, { name: metadata.name ?? "" }, { type: "merge", patch });
    return true;
  });
}

/**
 * @param withinMs how long to wait for the leader to fill them.
 * @returns the names of the configurations that were suspended, and whether all of them have entries again.
 */
export async function resumeWebhooks(
  client: Client,
  withinMs: number,
): Promise<{ readonly names: readonly string[]; readonly filled: boolean }> {
  const names = await onEach(client, async (resource, { metadata }) => {
    if (metadata.annotations?.[SUSPENDED_ANNOTATION] === undefined) return false;
    const patch = { metadata: { annotations: { [SUSPENDED_ANNOTATION]: null } } };
    await client.patch(resource, { name: metadata.name ?? "" }, { type: "merge", patch });
    return true;
  });
  const deadline = performance.now() + withinMs;
  // Only these have entries when the cluster has no rules; the others may rightly stay empty.
  const awaited = new Set(configurationNames().flatMap((one) => (one.fixed && names.includes(one.name) ? [one.name] : [])));
  for (;;) {
    const empty = await onEach(client, async (_, { metadata: { name = "" }, ...object }) => awaited.has(name) && isEmpty(object));
    const filled = empty.length === 0;
    if (filled || performance.now() > deadline) return { names, filled };
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function isEmpty(configuration: { readonly [field: string]: unknown }): boolean {
  return ((configuration["webhooks"] as readonly object[] | undefined) ?? []).length === 0;
}

/** The names of those that `work` said yes to. */
async function onEach(
  client: Client,
  work: (resource: DynamicResource, object: KubeObject) => Promise<boolean>,
): Promise<readonly string[]> {
  const done = new Set<string>();
  for (const { kind, name } of configurationNames()) {
    const resource = dynamicResource("admissionregistration.k8s.io/v1", kind, `${kind.toLowerCase()}s`, "Cluster");
    const object = (await client.find(resource, { name })) as KubeObject | undefined;
    if (object && (await work(resource, object))) done.add(name);
  }
  return [...done];
}
