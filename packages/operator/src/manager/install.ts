import type { KubeObject } from "@outrigger/kit/api";
import { AlreadyExistsError, type Client, NotFoundError } from "@outrigger/kit/client";
import { CustomResourceDefinition, Namespace } from "@outrigger/kit/kinds";
import type { Feature } from "../feature/index.ts";

const ESTABLISHED_WITHIN_MS = 30_000;

/**
 * Asks for one of each kind that the manager watches: a watch that is not allowed would be tried again for ever, without
 * a word that the manager cannot start.
 *
 * @throws ForbiddenError that names the first kind that may not be listed.
 */
export async function checkMayRead(client: Client, features: readonly Feature[]): Promise<void> {
  await client.list(Namespace, { limit: 1 });
  const reads = features.flatMap(({ reads = [], controllers = [] }) => [
    ...reads.map(({ resource, options }) => ({ resource, namespace: options?.namespace, fieldSelector: options?.fieldSelector })),
    ...controllers.flatMap(({ plan }) =>
      plan.sources.map(({ resource, select }) => ({ resource, namespace: select.namespace, fieldSelector: select.fieldSelector })),
    ),
  ]);
  const distinct = new Map(
    reads.map((read) => [`${read.resource.apiVersion}/${read.resource.plural}/${read.namespace ?? ""}/${read.fieldSelector ?? ""}`, read]),
  );
  await Promise.all(
    [...distinct.values()].map(({ resource, namespace, fieldSelector }) =>
      client.list(resource, { limit: 1, ...defined({ namespace, fieldSelector }) }).catch((error: unknown) => {
        // Its definition is installed later.
        if (!(error instanceof NotFoundError)) throw error;
      }),
    ),
  );
}

function defined<T extends object>(options: T): { readonly [Key in keyof T]?: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

/** Makes the manager's namespace where it is not there yet. */
export async function ensureNamespace(client: Client, name: string): Promise<void> {
  // Inside a cluster it is there, and the manager may not write it.
  if ((await client.find(Namespace, { name })) !== undefined) return;
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } }).catch((error: unknown) => {
    if (!(error instanceof AlreadyExistsError)) throw error;
  });
}

interface Definition {
  readonly spec: { readonly versions: readonly { readonly name: string }[] };
}

/**
 * Makes the CustomResourceDefinitions that are missing, or lack a version that this manager reads, and waits until the API
 * server serves all of them. What is there otherwise belongs to the manager that leads.
 *
 * @throws Error naming the definition that was not established in time, with the server's reason.
 */
export async function installDefinitions(client: Client, definitions: readonly KubeObject[], signal: AbortSignal): Promise<void> {
  for (const definition of definitions) {
    const found = await client.find(CustomResourceDefinition, { name: definition.metadata.name ?? "" }, { signal });
    const versions = new Set(found?.spec.versions.map(({ name }) => name));
    if ((definition as unknown as Definition).spec.versions.every(({ name }) => versions.has(name))) continue;
    await client.apply(CustomResourceDefinition, definition as never, { force: true, fieldManager: "outrigger-manager", signal });
  }
  const deadline = performance.now() + ESTABLISHED_WITHIN_MS;
  for (const { metadata } of definitions) {
    const name = metadata.name ?? "";
    for (;;) {
      signal.throwIfAborted();
      const conditions = (await client.get(CustomResourceDefinition, { name }, { signal })).status?.conditions ?? [];
      if (conditions.some(({ type, status }) => type === "Established" && status === "True")) break;
      const refused = conditions.find(({ type, status }) => type === "NamesAccepted" && status === "False");
      if (refused || performance.now() > deadline) {
        throw new Error(`the definition ${name} is not established: ${refused?.message ?? `not within ${ESTABLISHED_WITHIN_MS / 1000} s`}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Conversion by renaming alone, so that stored objects stay readable when our webhook is gone. */
export async function withoutConversion(client: Client, name: string, signal: AbortSignal): Promise<void> {
  await client.patch(
    CustomResourceDefinition,
    { name },
    { type: "merge", patch: { spec: { conversion: { strategy: "None", webhook: null } } } },
    { signal },
  );
}
