import type { KubeObject } from "../api/index.ts";
import { type Informer, informers, untilAborted } from "../cache/index.ts";
import { AlreadyExistsError, type Client, ConflictError, type DynamicResource, dynamicResource, NotFoundError } from "../client/index.ts";
import { differences, repairOf } from "./differences.ts";

const KEPT: Readonly<Record<string, DynamicResource>> = Object.fromEntries(
  [
    dynamicResource("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "Cluster"),
    dynamicResource("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "Cluster"),
    dynamicResource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "Cluster"),
  ].map((resource) => [resource.kind, resource]),
);
/** Repairs must not wait for long: what is broken lets pods pass, or blocks them. */
const RETRY_MS = 500;

/** An object that somebody else changed or deleted, and that was put right. */
export interface Repair {
  /** As it was found; as it was made, where it had been deleted. */
  readonly object: KubeObject;
  /** Where it differed; `undefined` where it was gone. */
  readonly paths: readonly string[] | undefined;
  /** The field manager that wrote it last, as `managedFields` say: they do not name whoever deleted it, or only took fields away. */
  readonly by: string | undefined;
}

/** Which webhook configurations are kept, and where their CA comes from. */
export interface ConfigurationKeeperOptions {
  /**
   * The webhook configurations and CustomResourceDefinitions as they should be, whole. Asked again at each look, with a way to
   * see how an object is at the moment.
   */
  readonly wanted: (observed: (kind: string, name: string) => KubeObject | undefined) => readonly KubeObject[];
  /** The field manager with which the keeper writes. */
  readonly fieldManager: string;
  /** Told of each repair. */
  readonly onRepair?: (repair: Repair) => void;
  /** Told what failed, and for which object; it is tried again after half a second. */
  readonly onError?: (error: unknown, object: KubeObject | undefined) => void;
}

/** Keeps webhook configurations and CustomResourceDefinitions as they should be. */
export interface ConfigurationKeeper {
  /** Looks at everything now, after what is wanted has changed. Resolves when all of it is in force, as read back. */
  refresh(signal?: AbortSignal): Promise<void>;
  /** Resolves when everything is in force, as read back from the API server. */
  settled(signal?: AbortSignal): Promise<void>;
  /** Since when everything that is wanted now has been in force without a break, by `performance.now()`; `undefined` while it is not. */
  readonly inForceSince: number | undefined;
  stop(): Promise<void>;
}

/**
 * Keeps objects whole: what is missing is made, what was edited, emptied or deleted is put back as soon as the watch
 * shows it.
 *
 * Guarantees
 * - Writes only where something differs, and never over a version that it has not seen.
 * - A change of what is wanted is no repair; a change by somebody else is, and is reported with the paths and the writer.
 * - What the API server will not store as it is wanted is reported once, and does not lead to writes without end.
 *
 * Assumptions: one process at a time keeps the same objects, or all of them want the same.
 *
 * Needs, by the objects' names: `get`, `list` and `watch` (each watch names its object), `patch`; and `create` of the kinds.
 */
export function configurationKeeper(client: Client, options: ConfigurationKeeperOptions): ConfigurationKeeper {
  return new Keeper(client, options);
}

interface Kept {
  readonly resource: DynamicResource;
  readonly name: string;
  readonly informer: Informer;
  wanted: KubeObject;
  /** What was wanted when it was last seen in force. */
  inForce: string | undefined;
  /** Differences that the API server insists on, with what was wanted then. */
  tolerated: string | undefined;
  working: boolean;
  again: boolean;
}

class Keeper implements ConfigurationKeeper {
  readonly #client: Client;
  readonly #options: ConfigurationKeeperOptions;
  readonly #informers: ReturnType<typeof informers>;
  readonly #kept = new Map<string, Kept>();
  readonly #waiting = new Set<() => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #inForceSince: number | undefined;

  constructor(client: Client, options: ConfigurationKeeperOptions) {
    this.#client = client;
    this.#options = options;
    this.#informers = informers(client, {
      onError: (error) => options.onError?.(error, undefined),
      backoff: { baseMs: 200, maxMs: 2000 },
    });
    this.#informers.start();
    this.#lookAtAll();
  }

  get #write(): { readonly signal: AbortSignal; readonly fieldManager: string } {
    return { signal: this.#stop.signal, fieldManager: this.#options.fieldManager };
  }

  get inForceSince(): number | undefined {
    return this.#inForceSince;
  }

  async refresh(signal?: AbortSignal): Promise<void> {
    this.#lookAtAll();
    await this.settled(signal);
  }

  async settled(signal?: AbortSignal): Promise<void> {
    while (!this.#isSettled()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      try {
        await untilAborted(promise, signal);
      } finally {
        this.#waiting.delete(resolve);
      }
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException("the keeper was stopped", "AbortError"));
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#informers.stop();
    await Promise.all(this.#underWay);
  }

  #lookAtAll(): void {
    if (this.#stop.signal.aborted) return;
    const wanted = this.#options.wanted((kind, name) => this.#observed(this.#kept.get(`${kind}/${name}`)));
    const keys = new Set<string>();
    for (const object of wanted) {
      const { name = "" } = object.metadata;
      const key = `${object.kind}/${name}`;
      keys.add(key);
      const kept = this.#kept.get(key);
      if (kept) kept.wanted = object;
      else this.#keep(key, object, name);
    }
    for (const [key, { informer }] of this.#kept) {
      if (keys.has(key)) continue;
      this.#kept.delete(key);
      void this.#informers.drop(informer);
    }
    for (const kept of this.#kept.values()) this.#look(kept);
    this.#judge();
  }

  #keep(key: string, wanted: KubeObject, name: string): void {
    const resource = KEPT[wanted.kind];
    if (!resource) throw new TypeError(`${wanted.kind} is neither a webhook configuration nor a CustomResourceDefinition`);
    const informer = this.#informers.for(resource, {
      fieldSelector: `metadata.name=${name}`,
      transform: whole,
    }) as unknown as Informer;
    const kept: Kept = { resource, name, informer, wanted, inForce: undefined, tolerated: undefined, working: false, again: false };
    this.#kept.set(key, kept);
    // What is wanted may depend on what is there: asked anew at each change.
    const see = (): void => this.#lookAtAll();
    informer.addHandler({ onAdd: see, onUpdate: see, onDelete: see });
    informer.synced().then(see, () => {});
  }

  #observed(kept: Kept | undefined): KubeObject | undefined {
    return kept?.informer.lister.get({ name: kept.name }) as KubeObject | undefined;
  }

  /** One write at a time of each object. */
  #look(kept: Kept): void {
    if (kept.working) {
      kept.again = true;
      return;
    }
    kept.working = true;
    const work = this.#putRight(kept)
      .catch((error: unknown) => this.#failed(kept, error))
      .finally(() => {
        this.#underWay.delete(work);
        kept.working = false;
        if (kept.again && !this.#stop.signal.aborted) {
          kept.again = false;
          this.#look(kept);
        }
      });
    this.#underWay.add(work);
  }

  async #putRight(kept: Kept): Promise<void> {
    if (this.#stop.signal.aborted || !kept.informer.hasSynced()) return;
    const { wanted, resource, name } = kept;
    const text = JSON.stringify(wanted);
    const found = this.#observed(kept);
    // The watch tells when it is gone.
    if (found?.metadata.deletionTimestamp !== undefined) return;
    const wasInForce = kept.inForce === text;
    if (found === undefined) {
      kept.inForce = undefined;
      const made = (await this.#client.create(resource, wanted as never, this.#write)) as unknown as KubeObject;
      if (wasInForce) this.#options.onRepair?.({ object: made, paths: undefined, by: undefined });
      this.#tolerate(kept, wanted, made);
      return;
    }
    const paths = differences(wanted, found);
    if (paths.length === 0 || kept.tolerated === `${text} ${paths.join()}`) {
      kept.inForce = text;
      return this.#judge();
    }
    kept.inForce = undefined;
    this.#judge();
    const patch = repairOf(wanted, found);
    const stored = (await this.#client.patch(resource, { name }, { type: "merge", patch }, this.#write)) as unknown as KubeObject;
    if (wasInForce) this.#options.onRepair?.({ object: found, paths, by: lastWriter(found, this.#options.fieldManager) });
    this.#tolerate(kept, wanted, stored);
  }

  /** @param written what was wanted when the write began: something else may be wanted by now. */
  #tolerate(kept: Kept, written: KubeObject, stored: KubeObject): void {
    const paths = differences(written, stored);
    kept.tolerated = paths.length === 0 ? undefined : `${JSON.stringify(written)} ${paths.join()}`;
    if (paths.length > 0)
      this.#options.onError?.(
        new Error(`the API server stores ${kept.resource.kind} ${kept.name} otherwise: ${paths.join(", ")}`),
        written,
      );
  }

  #failed(kept: Kept, error: unknown): void {
    if (this.#stop.signal.aborted) return;
    // Deleted, made or changed meanwhile: the watch tells, and that version is looked at.
    const changed = error instanceof NotFoundError || error instanceof ConflictError || error instanceof AlreadyExistsError;
    if (!changed) this.#options.onError?.(error, kept.wanted);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#look(kept);
    }, RETRY_MS).unref();
    this.#timers.add(timer);
  }

  #isSettled(): boolean {
    return [...this.#kept.values()].every(({ wanted, inForce }) => inForce !== undefined && inForce === JSON.stringify(wanted));
  }

  #judge(): void {
    if (!this.#isSettled()) {
      this.#inForceSince = undefined;
      return;
    }
    this.#inForceSince ??= performance.now();
    for (const resolve of this.#waiting) resolve();
  }
}

/** Kept as they are: `managedFields` say who wrote. */
function whole(object: KubeObject): KubeObject {
  return object;
}

interface ManagedFields {
  readonly manager?: string;
  readonly time?: string;
}

/** Whoever wrote last, beside ourselves. */
function lastWriter({ metadata }: KubeObject, own: string): string | undefined {
  const fields = ((metadata as { managedFields?: readonly ManagedFields[] }).managedFields ?? []).filter(({ manager }) => manager !== own);
  return fields.reduce<ManagedFields | undefined>((last, one) => ((one.time ?? "") >= (last?.time ?? "") ? one : last), undefined)?.manager;
}
