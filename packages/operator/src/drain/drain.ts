import type { KubeObject } from "@outrigger/kit/api";
import { type Client, type DynamicResource, dynamicResource, NotFoundError } from "@outrigger/kit/client";
import { CustomResourceDefinition, Deployment, Pod } from "@outrigger/kit/kinds";
import { NetworkFault } from "../faults/index.ts";
import { ARCHIVE_FINALIZER } from "../logs/index.ts";
import { withoutConversion } from "../manager/index.ts";
import { CERTIFICATE_SECRETS, configurationNames, definitionsOf, FINALIZER_PREFIX } from "./owned.ts";

const Lease = dynamicResource("coordination.k8s.io/v1", "Lease", "leases", "Namespaced");
const Secret = dynamicResource("v1", "Secret", "secrets", "Namespaced");
/** Pods of the manager. */
const MANAGER_PODS = "app.kubernetes.io/name=outrigger-manager";
const PAUSE_MS = 200;

export interface DrainOptions {
  /** The manager's namespace. */
  readonly namespace: string;
  /** The manager's Deployment. */
  readonly deployment: string;
  /** Whether the definitions go too, and with them every object of their kinds. */
  readonly definitions: "keep" | "delete";
  /** How long the manager may take to recover network faults, in milliseconds. Default 20,000. */
  readonly recoverWithinMs?: number;
  /** How long the manager's pods may take to be told to stop, in milliseconds. Default 15,000. */
  readonly stopWithinMs?: number;
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** See the folder's contract. @throws StatusError, ConnectionError of the client. */
export async function drain(client: Client, options: DrainOptions): Promise<void> {
  await recoverFaults(client, options);
  await stopManager(client, options);
  await removeConfigurations(client, options);
  for (const definition of definitionsOf()) await release(client, definition, options);
  await releasePods(client, options);
  await removeOwn(client, options);
  if (options.definitions === "delete")
    for (const { name } of definitionsOf()) await gone(client.delete(CustomResourceDefinition, { name }));
}

/** While the manager still runs, it takes the faults off the pods of each NetworkFault that is deleted. */
async function recoverFaults(client: Client, { namespace, recoverWithinMs = 20_000, report, signal }: DrainOptions): Promise<void> {
  const faults = async (): Promise<readonly KubeObject[]> =>
    (await absentAsNone(client.list(NetworkFault, { signal }))) as readonly KubeObject[];
  const found = await faults();
  if (found.length === 0) return;
  for (const { metadata } of found)
    await gone(client.delete(NetworkFault, { namespace: metadata.namespace ?? "", name: metadata.name ?? "" }, { signal }));
  const managers = (await client.list(Pod, { namespace, labelSelector: MANAGER_PODS, signal })).items as unknown as readonly PodLike[];
  const serves = managers.some(({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"));
  const left = serves ? await until(async () => ((await faults()).length === 0 ? [] : undefined), recoverWithinMs, signal) : undefined;
  if (left) report(`network faults: ${found.length} recovered and deleted`);
  else
    report(
      `network faults: ${(await faults()).length} of ${found.length} could not be recovered${serves ? "" : ", since no manager runs"}: their agents end them when their time is over`,
    );
}

interface PodLike {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** A manager that runs would put back what is taken away. */
async function stopManager(client: Client, { namespace, deployment, stopWithinMs = 15_000, report, signal }: DrainOptions): Promise<void> {
  try {
    await client.scale(Deployment, { namespace, name: deployment }, 0, { signal });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    return;
  }
  const stopping = await until(
    async () => {
      const { items } = await client.list(Pod, { namespace, labelSelector: MANAGER_PODS, signal });
      return (items as unknown as readonly PodLike[]).every(({ metadata }) => metadata.deletionTimestamp !== undefined) || undefined;
    },
    stopWithinMs,
    signal,
  );
  report(stopping ? `the manager is told to stop` : `pods of the manager are still not told to stop after ${stopWithinMs / 1000} s`);
}

/** Until they stay away: a manager that is stopping may have put them back once more. */
async function removeConfigurations(client: Client, { report, signal }: DrainOptions): Promise<void> {
  const configurations = configurationNames().map(({ kind, name }) => ({
    resource: dynamicResource("admissionregistration.k8s.io/v1", kind, `${kind.toLowerCase()}s`, "Cluster"),
    name,
  }));
  for (let absent = 0, attempt = 0; absent < 3 && attempt < 50; attempt++) {
    let present = false;
    for (const { resource, name } of configurations) present = (await gone(client.delete(resource, { name }, { signal }))) || present;
    absent = present ? 0 : absent + 1;
    await pause(PAUSE_MS, signal);
  }
  report(`webhooks: ${configurations.length} configurations are gone`);
}

/** Objects of a kind stay readable without our conversion, and can be deleted without our controllers. */
async function release(
  client: Client,
  definition: ReturnType<typeof definitionsOf>[number],
  { report, signal }: DrainOptions,
): Promise<void> {
  const { name, resource, converts } = definition;
  if (converts) await withoutConversion(client, name, signal).catch(ignoreAbsence);
  const objects = (await absentAsNone(client.list(resource as DynamicResource, { signal }))) as readonly KubeObject[];
  let released = 0;
  for (const { metadata } of objects) {
    const kept = (metadata.finalizers ?? []).filter((finalizer) => !finalizer.startsWith(FINALIZER_PREFIX));
    if (kept.length === (metadata.finalizers ?? []).length) continue;
    const key = { name: metadata.name ?? "", ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }) };
    await client.patch(resource, key, { type: "merge", patch: { metadata: { finalizers: kept } } }, { signal }).catch(ignoreAbsence);
    released++;
  }
  if (released > 0) report(`${name}: ${released} objects are released from our finalizers`);
}

/** Pods that wait for their logs to be kept wait for nobody now. */
async function releasePods(client: Client, { report, signal }: DrainOptions): Promise<void> {
  let released = 0;
  for await (const { items } of client.pages(Pod, { metadataOnly: true, signal }))
    for (const { metadata } of items as unknown as readonly KubeObject[]) {
      const { finalizers = [], uid, name = "", namespace = "" } = metadata;
      if (!finalizers.includes(ARCHIVE_FINALIZER)) continue;
      const kept = finalizers.filter((finalizer) => finalizer !== ARCHIVE_FINALIZER);
      await client
        .patch(Pod, { namespace, name }, { type: "merge", patch: { metadata: { uid, finalizers: kept } } }, { signal })
        .catch(ignoreAbsence);
      released++;
    }
  if (released > 0) report(`pods: ${released} are released from our finalizer`);
}

/** What the manager made for itself. */
async function removeOwn(client: Client, { namespace, signal }: DrainOptions): Promise<void> {
  for (const name of CERTIFICATE_SECRETS) await gone(client.delete(Secret, { namespace, name }, { signal }));
  const { items } = await client.list(Lease, { namespace, signal });
  for (const { metadata } of items as unknown as readonly KubeObject[])
    if (metadata.name?.startsWith("outrigger-")) await gone(client.delete(Lease, { namespace, name: metadata.name }, { signal }));
}

/** Whether it was there. */
async function gone(deletion: Promise<unknown>): Promise<boolean> {
  try {
    await deletion;
    return true;
  } catch (error) {
    ignoreAbsence(error);
    return false;
  }
}

function ignoreAbsence(error: unknown): void {
  if (!(error instanceof NotFoundError)) throw error;
}

async function absentAsNone(list: Promise<{ readonly items: readonly unknown[] }>): Promise<readonly unknown[]> {
  try {
    return (await list).items;
  } catch (error) {
    ignoreAbsence(error);
    return [];
  }
}

async function until<T>(attempt: () => Promise<T | undefined>, withinMs: number, signal: AbortSignal): Promise<T | undefined> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const result = await attempt();
    if (result !== undefined || performance.now() > deadline) return result;
    await pause(PAUSE_MS, signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise((resolve) => setTimeout(resolve, ms));
}
