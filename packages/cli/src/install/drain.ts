import { setTimeout as pause } from "node:timers/promises";
import type { KubeObject } from "@outrigger/kit/api";
import { type Client, dynamicResource, NotFoundError } from "@outrigger/kit/client";
import { CliError } from "../errors.ts";
import type { Kind, Operator } from "../project/index.ts";

const POLL_MS = 250;

/**
 * Deletes every object of the operator's kinds and waits until they are gone. After `timeoutMs` nobody runs the operator,
 * or it cannot finish: its own finalizers are then taken off, and each object is named.
 *
 * @returns how many objects there were.
 * @throws CliError when a finalizer of somebody else keeps an object.
 */
export async function drain(client: Client, operator: Operator, timeoutMs: number, report: (line: string) => void): Promise<number> {
  const { kinds, controllers } = operator;
  const own = new Set(controllers.map(({ plan }) => plan.finalizer));
  const first = await objectsOf(client, kinds);
  for (const { kind, object } of first) await absentIsFine(client.delete(kind, keyOf(object)));
  if (first.length > 0) report(`deleting ${first.length} ${first.length === 1 ? "object" : "objects"}, and waiting for their finalizers`);
  const deadline = performance.now() + timeoutMs;
  for (let left = first; left.length > 0; left = await objectsOf(client, kinds)) {
    if (performance.now() > deadline) {
      await removeWebhooks(client, operator, report);
      await release(client, left, own, report);
      break;
    }
    await pause(POLL_MS);
  }
  return first.length;
}

/** Nobody answers them any more, and they would refuse the removal of finalizers. */
async function removeWebhooks(client: Client, { name, webhooks }: Operator, report: (line: string) => void): Promise<void> {
  if (webhooks.length === 0) return;
  for (const kind of ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]) {
    const resource = dynamicResource("admissionregistration.k8s.io/v1", kind, `${kind.toLowerCase()}s`, "Cluster");
    await absentIsFine(client.delete(resource, { name }));
  }
  report(`took the operator's webhooks away, which nobody answers`);
}

interface Found {
  readonly kind: Kind;
  readonly object: KubeObject;
}

async function objectsOf(client: Client, kinds: readonly Kind[]): Promise<Found[]> {
  const found: Found[] = [];
  for (const kind of kinds) {
    try {
      for await (const { items } of client.pages(kind)) for (const object of items) found.push({ kind, object: object as KubeObject });
    } catch (error) {
      // Its definition is not there, and so it has no objects.
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
  return found;
}

async function release(client: Client, left: readonly Found[], own: ReadonlySet<string>, report: (line: string) => void): Promise<void> {
  const foreign: string[] = [];
  for (const { kind, object } of left) {
    const { finalizers = [] } = object.metadata;
    const others = finalizers.filter((one) => !own.has(one));
    const name = `${kind.kind} ${[object.metadata.namespace, object.metadata.name].filter(Boolean).join("/")}`;
    if (others.length < finalizers.length) {
      report(`took the finalizer off ${name}: nobody ran its cleanup, so what it made outside of the cluster may still be there`);
      await absentIsFine(client.patch(kind, keyOf(object), { type: "merge", patch: { metadata: { finalizers: others } } }));
    }
    if (others.length > 0) foreign.push(`${name} (${others.join(", ")})`);
  }
  if (foreign.length > 0)
    throw new CliError(`finalizers of others keep ${foreign.join("; ")}: start what owns them, or take them off by hand`);
}

function keyOf({ metadata: { namespace, name = "" } }: KubeObject): { readonly name: string; readonly namespace?: string } {
  return namespace === undefined ? { name } : { namespace, name };
}

async function absentIsFine(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
