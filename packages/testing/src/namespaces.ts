import type { Client } from "@outrigger/kit/client";
import { Namespace, ServiceAccount } from "@outrigger/kit/kinds";
import { eventually } from "./eventually.ts";

/** A name that nobody has: `prefix` with the time and a random end. */
export function newName(prefix: string): string {
  return `${prefix}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 7)}`;
}

/**
 * A new namespace with a name that nobody has.
 *
 * @param withAccount wait for its ServiceAccount `default`, without which no pod can be made there.
 */
export async function newNamespace(client: Client, prefix: string, withAccount: boolean): Promise<string> {
  const name = newName(prefix);
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name }, spec: {} });
  if (withAccount) await eventually(() => client.find(ServiceAccount, { namespace: name, name: "default" }));
  return name;
}

/** Begins their deletion; the cluster ends it. */
export async function deleteNamespaces(client: Client, names: readonly string[]): Promise<void> {
  for (const name of names) if (await client.find(Namespace, { name })) await client.delete(Namespace, { name });
}
