import { setTimeout as pause } from "node:timers/promises";
import { type KubeObject, objectKey, type Resource } from "../api/index.ts";
import { type Client, type ClusterAccess, connect, type KubeconfigOptions, NotFoundError } from "../client/index.ts";
import { CustomResourceDefinition, Deployment, Pod } from "../kinds/index.ts";
import type { CustomResource } from "../schema/index.ts";
import { convertedDefinitions, isResourceWebhook, unregisterWebhooks } from "../webhook/index.ts";
import { finalizedKinds } from "./drain-rules.ts";
import type { ManagerOptions } from "./manager.ts";

type Kind = CustomResource<string, string, object, object, "Namespaced" | "Cluster">;

/** What is drained, and how long it may take. */
export interface DrainOptions extends Pick<ManagerOptions, "controllers" | "webhooks" | "client"> {
  /** The manager's name: its webhook configurations have it. */
  readonly name: string;
  /** The kinds that the operator defines. */
  readonly kinds: readonly Kind[];
  /**
   * `delete`: every object of these kinds is deleted, while the operator still runs and cleans up; what it did not clean up in
   * time is released from its finalizer. `keep`: objects stay, without the operator's finalizers and readable without its conversions.
   */
  readonly objects: "delete" | "keep";
  /** The operator's Deployment. It is scaled to 0 before finalizers are taken off, since an operator that runs puts them back. */
  readonly deployment?: { readonly namespace: string; readonly name: string };
  /** How long the operator may take to clean up, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Default: the current kubeconfig, or the pod's service account. */
  readonly kubeconfig?: ClusterAccess | KubeconfigOptions;
  /** Told what was done, a line each. Default: nobody. */
  readonly report?: (line: string) => void;
}

/** Thrown when objects cannot go because finalizers of other programs keep them; the message names each. */
export class ForeignFinalizersError extends Error {
  readonly code = "ERR_FOREIGN_FINALIZERS";
}

const POLL_MS = 250;
const STOP_MS = 15_000;

/**
 * Makes an operator's kinds deletable without it, before it is uninstalled: afterwards no object waits for a finalizer that nobody
 * removes. Needs the rights of `drainRules`.
 *
 * @returns how many objects were deleted.
 * @throws ForeignFinalizersError, StatusError, ConnectionError, KubeconfigError
 */
export async function drain(options: DrainOptions): Promise<number> {
  if (options.client) return new Drain(options.client, options).run();
  const client = connect(options.kubeconfig);
  try {
    return await new Drain(client, options).run();
  } finally {
    await client.close();
  }
}

interface Found {
  readonly kind: Resource;
  readonly object: KubeObject;
}

class Drain {
  readonly #client: Client;
  readonly #options: DrainOptions;
  readonly #finalizers: ReadonlySet<string>;
  readonly #report: (line: string) => void;

  constructor(client: Client, options: DrainOptions) {
    this.#client = client;
    this.#options = options;
    this.#finalizers = new Set((options.controllers ?? []).map(({ plan }) => plan.finalizer));
    this.#report = options.report ?? (() => {});
  }

  async run(): Promise<number> {
    const { kinds, objects, timeoutMs = 30_000 } = this.#options;
    const deleted = objects === "delete" ? await this.#objectsOf(kinds) : [];
    if (deleted.length > 0) await this.#delete(deleted, performance.now() + timeoutMs);
    const left = await this.#objectsOf(finalizedKinds(this.#options));
    const held = left.filter(({ object }) => this.#owns(object));
    if (held.length > 0 || objects === "keep") {
      await this.#stopOperator();
      await this.#removeWebhooks();
      await this.#release(held);
    }
    if (objects === "delete") this.#refuseForeign(await this.#objectsOf(kinds));
    return deleted.length;
  }

  #owns({ metadata: { finalizers = [] } }: KubeObject): boolean {
    return finalizers.some((one) => this.#finalizers.has(one));
  }

  async #delete(found: readonly Found[], deadline: number): Promise<void> {
    for (const { kind, object } of found) await absentIsFine(this.#client.delete(kind, objectKey(object)));
    this.#report(`deleting ${found.length} ${found.length === 1 ? "object" : "objects"}, and waiting for their finalizers`);
    while (performance.now() < deadline && (await this.#objectsOf(this.#options.kinds)).length > 0) await pause(POLL_MS);
  }

  async #stopOperator(): Promise<void> {
    const { deployment } = this.#options;
    if (!deployment) return;
    const { namespace, name } = deployment;
    const found = await this.#client.find(Deployment, { namespace, name });
    if (!found) return;
    await this.#client.scale(Deployment, { namespace, name }, 0);
    const labels = Object.entries(found.spec?.selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
    for (const deadline = performance.now() + STOP_MS; performance.now() < deadline; await pause(POLL_MS)) {
      const { items } = await this.#client.list(Pod, { namespace, labelSelector: labels.join(",") });
      if (items.every(({ metadata }) => metadata.deletionTimestamp)) break;
    }
    this.#report(`deployment ${name} is scaled to 0`);
  }

  /** Nobody answers them any more: they would refuse writes, and reads of other versions. */
  async #removeWebhooks(): Promise<void> {
    const { name, webhooks = [] } = this.#options;
    const ofKinds = webhooks.filter(isResourceWebhook);
    if (ofKinds.length === 0) return;
    await unregisterWebhooks(
      this.#client,
      ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"].map((kind) => ({ kind, metadata: { name } })),
    );
    const patch = [{ op: "add", path: "/spec/conversion", value: { strategy: "None" } }];
    for (const definition of convertedDefinitions(ofKinds))
      await absentIsFine(this.#client.patch(CustomResourceDefinition, { name: definition }, { type: "json", patch }));
    this.#report("took the operator's webhooks away, which nobody answers");
  }

  async #release(held: readonly Found[]): Promise<void> {
    for (const { kind, object } of held) {
      const { finalizers = [], deletionTimestamp, uid } = object.metadata;
      const others = finalizers.filter((one) => !this.#finalizers.has(one));
      const remaining = deletionTimestamp ? ": nobody ran its cleanup, so what it made outside of the cluster may still be there" : "";
      this.#report(`took the finalizer off ${nameOf({ kind, object })}${remaining}`);
      await absentIsFine(this.#client.patch(kind, objectKey(object), { type: "merge", patch: { metadata: { uid, finalizers: others } } }));
    }
  }

  #refuseForeign(left: readonly Found[]): void {
    const kept = left.filter(({ object }) => (object.metadata.finalizers ?? []).length > 0);
    if (kept.length === 0) return;
    const names = kept.map((one) => `${nameOf(one)} (${one.object.metadata.finalizers?.join(", ")})`);
    throw new ForeignFinalizersError(`finalizers of others keep ${names.join("; ")}: start what owns them, or take them off by hand`);
  }

  async #objectsOf(kinds: readonly Resource[]): Promise<Found[]> {
    const found: Found[] = [];
    for (const kind of kinds) {
      try {
        for await (const { items } of this.#client.pages(kind, { metadataOnly: true }))
          for (const object of items) found.push({ kind, object: object as KubeObject });
      } catch (error) {
        // Its definition is not there, and so it has no objects.
        if (!(error instanceof NotFoundError)) throw error;
      }
    }
    return found;
  }
}

const nameOf = ({ kind, object: { metadata } }: Found): string =>
  `${kind.kind} ${[metadata.namespace, metadata.name].filter(Boolean).join("/")}`;

async function absentIsFine(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
