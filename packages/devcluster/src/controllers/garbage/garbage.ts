import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject, Resource } from "@outrigger/kit/api";
import type { HandlerRegistration, Informer } from "@outrigger/kit/cache";
import { dynamicResource } from "@outrigger/kit/client";
import { WorkQueue } from "@outrigger/kit/queue";
import * as kinds from "../../objects/index.ts";
import type { Loop, LoopRuntime, RunningLoop } from "../loop.ts";
import { Collector, isStale, UnknownKindError } from "./collector.ts";
import { type GraphNode, OwnerGraph } from "./graph.ts";
import { KnownKinds } from "./kinds.ts";

const WORKERS = 8;
/** Milliseconds between looks at which kinds there are, beside those that a change of definitions brings. */
const REDISCOVER_MS = 30_000;
const AFTER_CHANGE_MS = 300;

const Definition = dynamicResource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "Cluster");
/** Kinds that other loops hold in full: their caches serve here too. */
const HELD: ReadonlySet<string> = new Set(
  [
    kinds.Namespace,
    kinds.Node,
    kinds.Pod,
    kinds.Service,
    kinds.Deployment,
    kinds.ReplicaSet,
    kinds.StatefulSet,
    kinds.DaemonSet,
    kinds.ControllerRevision,
    kinds.Job,
    kinds.CronJob,
    kinds.EndpointSlice,
  ].map(keyOf),
);
function keyOf({ apiVersion, plural }: Pick<Resource, "apiVersion" | "plural">): string {
  return `${apiVersion}/${plural}`;
}

/** Deletes what lost its owners, of every kind that the server has, and sees deletions in the foreground and of owners alone through. */
export const garbageLoop: Loop = (runtime) => new GarbageLoop(runtime);

type Task = { readonly what: "judge" | "orphan"; readonly node: GraphNode };

class GarbageLoop implements RunningLoop {
  readonly ready: Promise<void>;
  readonly #runtime: LoopRuntime;
  readonly #queue = new WorkQueue<string>();
  readonly #tasks = new Map<string, Task>();
  readonly #graph: OwnerGraph;
  readonly #kinds: KnownKinds;
  readonly #collector: Collector;
  readonly #watched = new Map<string, { readonly informer: Informer; readonly registration: HandlerRegistration }>();
  readonly #stop = new AbortController();
  readonly #workers: Promise<void>[] = [];
  readonly #discovery: Promise<void>;
  #wake: (() => void) | undefined;

  constructor(runtime: LoopRuntime) {
    this.#runtime = runtime;
    this.#graph = new OwnerGraph({ judge: (node) => this.#add("judge", node), orphan: (node) => this.#add("orphan", node) });
    this.#kinds = new KnownKinds(runtime.client);
    this.#collector = new Collector(runtime.client, this.#graph, this.#kinds, (node) => this.#add("judge", node));
    this.ready = this.#start();
    this.ready.catch(() => {});
    this.#discovery = this.ready.then(() => this.#rediscover()).catch(() => {});
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException("the garbage collector stopped", "AbortError"));
    this.#queue.shutDown();
    this.#wake?.();
    for (const { registration } of this.#watched.values()) registration.remove();
    await this.#discovery;
    await Promise.all(this.#workers);
  }

  async #start(): Promise<void> {
    await this.#watchAll();
    // What an owner is missing is only known once every kind was listed.
    await Promise.all(Array.from(this.#watched.values(), ({ registration }) => registration.synced(this.#stop.signal)));
    for (let worker = 0; worker < WORKERS; worker++) this.#workers.push(this.#work());
  }

  async #watchAll(): Promise<void> {
    await this.#kinds.refresh(this.#stop.signal);
    await this.#dropUnserved();
    for (const resource of this.#kinds.collected) {
      const key = keyOf(resource);
      if (this.#watched.has(key)) continue;
      const informer = this.#runtime.informers.for(resource as Resource, HELD.has(key) ? {} : { metadataOnly: true });
      const set = (object: unknown): void =>
        this.#graph.set(
          Object.assign(Object.create(null), {
            apiVersion: resource.apiVersion,
            kind: resource.kind,
            metadata: (object as KubeObject).metadata,
          }),
        );
      const registration = informer.addHandler(
        {
          onAdd: (object) => {
            set(object);
            if (resource.plural === Definition.plural) this.#definitionsChanged();
          },
          onUpdate: (object) => {
            set(object);
            if (resource.plural === Definition.plural) this.#definitionsChanged();
          },
          onDelete: (object) => this.#graph.delete((object as unknown as KubeObject).metadata.uid!),
        },
        { frozen: false },
      );
      this.#watched.set(key, { informer: informer as unknown as Informer, registration });
    }
  }

  /** The list of a kind that is served no longer would fail for ever; a definition that comes back is watched anew. */
  async #dropUnserved(): Promise<void> {
    const served = new Set(this.#kinds.collected.map(keyOf));
    for (const [key, { informer }] of this.#watched) {
      if (served.has(key) || HELD.has(key)) continue;
      this.#watched.delete(key);
      await this.#runtime.informers.drop(informer);
    }
  }

  #definitionsChanged(): void {
    this.#wake?.();
  }
  /** Kinds come and go with their definitions; a definition is served a moment after it was made. */
  async #rediscover(): Promise<void> {
    const { signal } = this.#stop;
    let changed = false;
    while (!signal.aborted) {
      const woken = new Promise<true>((resolve) => {
        this.#wake = () => resolve(true);
      });
      const timer = new AbortController();
      const wait = sleep(changed ? AFTER_CHANGE_MS : REDISCOVER_MS, false, { signal: timer.signal, ref: false }).catch(() => false);
      const next = await Promise.race([woken, wait]);
      timer.abort();
      if (signal.aborted) return;
      if (next) {
        changed = true;
        await sleep(AFTER_CHANGE_MS, undefined, { signal }).catch(() => {});
      } else changed = false;
      await this.#watchAll().catch((error: unknown) => this.#runtime.log.warn({ err: error }, "the kinds to collect could not be listed"));
    }
  }

  #add(what: Task["what"], node: GraphNode): void {
    const key = `${what} ${node.identity.uid}`;
    this.#tasks.set(key, { what, node });
    this.#queue.add(key);
  }
  async #work(): Promise<void> {
    const { signal } = this.#stop;
    for (let key = await this.#queue.get(); key !== undefined && !signal.aborted; key = await this.#queue.get()) {
      // Added again from here on, it is another task.
      const task = this.#tasks.get(key);
      this.#tasks.delete(key);
      if (!task) {
        this.#queue.done(key);
        continue;
      }
      try {
        await this.#collector[task.what](task.node, signal);
        this.#queue.forget(key);
      } catch (error) {
        if (!this.#tasks.has(key)) this.#tasks.set(key, task);
        if (!signal.aborted) this.#again(key, error);
      } finally {
        this.#queue.done(key);
      }
    }
  }
  #again(key: string, error: unknown): void {
    if (!isStale(error) && !(error instanceof UnknownKindError))
      this.#runtime.log.warn({ err: error, key }, "an object could not be judged; trying again");
    this.#queue.addRateLimited(key);
  }
}
