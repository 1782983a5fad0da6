import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import { type KubeObject, keyText, type ObjectKey, type Observed, parseDuration, type Resource } from "../api/index.ts";
import { deepFreeze, type EventHandler, explainFrozen, type HandlerRegistration, type Informer } from "../cache/index.ts";
import {
  BucketLimit,
  type Clock,
  ExponentialBackoff,
  INITIAL_LIST_PRIORITY,
  type RateLimiter,
  systemClock,
  WorkQueue,
} from "../queue/index.ts";
import { type Controller, type ControllerPlan, type Source, selectOf } from "./builder.ts";
import { CacheReader, type DeclaredKind, kindKey } from "./cache-reader.ts";
import { CleanupNews } from "./cleanup-news.ts";
import { OwnerDeletedError } from "./controlled.ts";
import { type DeclaredIndex, indexKey, type MapCache } from "./field-index.ts";
import { ensureFinalizer, hasFinalizer, removeFinalizer } from "./finalizer.ts";
import { causes, type Log, silentLog } from "./log.ts";
import { Outcomes } from "./outcomes.ts";
import { OwnWrites } from "./own-writes.ts";
import type { Predicate } from "./predicate.ts";
import { type Result, TerminalError } from "./requeue.ts";
import { BY_CONTROLLER, type ContextScope, controllerUid, RunContext } from "./run-context.ts";
import { CacheSyncError, type ControllerRuntime, type ReconcileOutcome, type RunningController } from "./runtime.ts";

/** Runs a controller: handlers on the informers, a queue, workers. A manager does this for its own; control loops may do it by hand. */
export function startController(controller: Controller, runtime: ControllerRuntime): RunningController {
  return new Running(controller, runtime);
}

/** One run of a reconcile or a cleanup. */
interface Run {
  readonly queueKey: string;
  readonly signal: AbortSignal;
  readonly reconcileId: string;
  readonly log: Log;
}

class Running implements RunningController {
  readonly name: string;
  readonly ready: Promise<void>;
  readonly #plan: ControllerPlan;
  readonly #runtime: ControllerRuntime;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #queue: WorkQueue<string>;
  readonly #writes: OwnWrites;
  readonly #cleanups = new CleanupNews();
  readonly #scope: ContextScope;
  readonly #cache: MapCache<Resource, DeclaredIndex>;
  readonly #main: Informer;
  readonly #registrations: { readonly source: Source; readonly registration: HandlerRegistration }[] = [];
  readonly #outcomes = new Outcomes<ReconcileOutcome>();
  readonly #stop = new AbortController();
  #workers: Promise<void>[] = [];

  constructor({ name, plan }: Controller, runtime: ControllerRuntime) {
    this.name = name;
    // Each request of each worker listens for the end.
    setMaxListeners(0, this.#stop.signal);
    this.#plan = plan;
    this.#runtime = runtime;
    this.#clock = runtime.clock ?? systemClock;
    this.#log = (runtime.log ?? silentLog).child({ controller: name });
    const observer = runtime.metrics?.queue(name);
    this.#queue = new WorkQueue({ clock: this.#clock, rateLimiter: rateLimiter(plan, this.#clock), ...(observer ? { observer } : {}) });
    this.#writes = new OwnWrites(
      this.#clock,
      (key) => this.#queue.add(key),
      (key, what) => this.#log.warn({ key, what }, "the cache did not show an own write in time; going on without it"),
    );
    const sources = new Map<string, DeclaredKind>();
    const cache = new CacheReader(name, sources);
    this.#cache = cache as unknown as MapCache<Resource, DeclaredIndex>;
    const owned = new Set(plan.sources.filter(({ relation }) => relation === "owns").map(({ resource }) => kindKey(resource)));
    for (const source of plan.sources) {
      const informer = runtime.informers.for(source.resource, selectOf(plan, source, runtime.namespaces));
      const key = kindKey(source.resource);
      if (owned.has(key)) informer.addIndex(BY_CONTROLLER, controllerUid);
      // A kind declared twice is read through its first declaration, and adopted if any declaration owns it.
      const first = sources.get(key);
      if (!first || (first.source.relation !== "for" && source.relation === "owns"))
        sources.set(key, { source, informer, owned: owned.has(key) });
      this.#registrations.push({ source, registration: informer.addHandler(this.#handler(source), { frozen: !source.looksOnly }) });
    }
    for (const { resource, name: index, of } of plan.indexes) sources.get(kindKey(resource))!.informer.addIndex(indexKey(name, index), of);
    this.#main = sources.get(kindKey(plan.sources[0]!.resource))!.informer;
    this.#scope = {
      controller: name,
      fieldManager: plan.fieldManager,
      client: runtime.client,
      cache,
      writes: this.#writes,
      events: runtime.events,
    };
    runtime.metrics?.started(name, plan.workers);
    this.ready = this.#start();
    this.ready.catch(() => {});
  }

  results(): AsyncIterable<ReconcileOutcome> {
    return this.#outcomes.read();
  }

  get idle(): boolean {
    return this.#queue.length === 0 && this.#queue.processing === 0 && this.#writes.parked === 0;
  }

  enqueue(key: ObjectKey): void {
    this.#queue.add(keyText(key));
  }

  async stop(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      for (const { registration } of this.#registrations) registration.remove();
      this.#stop.abort(new DOMException(`controller ${this.name} was stopped`, "AbortError"));
      this.#queue.shutDown();
      this.#writes.stop();
    }
    await Promise.all(this.#workers);
    this.#outcomes.end();
  }

  async #start(): Promise<void> {
    const late = new AbortController();
    const cancel = this.#clock.after(this.#plan.syncTimeoutMs, () => late.abort());
    const either = AbortSignal.any([late.signal, this.#stop.signal]);
    try {
      await Promise.all(this.#registrations.map(({ registration }) => registration.synced(either)));
    } catch {
      this.#stop.signal.throwIfAborted();
      const missing = this.#registrations
        .filter(({ registration }) => !registration.hasSynced())
        .map(({ source }) => source.resource.plural);
      throw new CacheSyncError(
        `controller ${this.name}: the caches of ${missing.join(", ")} did not sync in ${this.#plan.syncTimeoutMs / 1000} s; may it list and watch them, and does the cluster know them?`,
      );
    } finally {
      cancel();
    }
    this.#workers = Array.from({ length: this.#plan.workers }, () => this.#work());
  }

  #handler({ map, predicate, relation }: Source): EventHandler<Observed<Resource>> {
    if (relation === "uses") return {};
    const wants = predicate as Predicate<Observed<Resource>> | undefined;
    const take = (now: Observed<Resource> | undefined, before: Observed<Resource> | undefined, initial: boolean): void => {
      if (wants && !wants(now, before)) return;
      for (const key of map(now, before, this.#cache)) {
        const text = keyText(key);
        if (now && this.#cleanups.keeps(text, now.metadata.resourceVersion)) continue;
        this.#queue.add(text, initial ? { priority: INITIAL_LIST_PRIORITY } : undefined);
      }
    };
    return {
      onAdd: (now, initial) => take(now, undefined, initial),
      onUpdate: (now, before) => take(now, before, false),
      onDelete: (last) => take(undefined, last, false),
    };
  }

  async #work(): Promise<void> {
    for (let key = await this.#queue.get(); key !== undefined; key = await this.#queue.get()) {
      if (this.#stop.signal.aborted) return;
      try {
        if (this.#writes.mayRun(key)) await this.#process(key);
      } catch (error) {
        // Not the reconcile's: its own errors are an outcome. A worker must survive this too.
        this.#log.error({ err: error, key }, "processing failed");
        this.#queue.addRateLimited(key);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #process(queueKey: string): Promise<void> {
    const object = this.#main.lister.get(parseKey(queueKey)) as KubeObject | undefined;
    if (!object) {
      this.#cleanups.forget(queueKey);
      return this.#queue.forget(queueKey);
    }
    const reconcileId = randomUUID();
    const key = parseKey(queueKey);
    const log = this.#log.child({ ...key, reconcileId });
    const { signal, end } = this.#deadline();
    const { metrics } = this.#runtime;
    metrics?.activeWorkers(this.name, 1);
    const start = performance.now();
    let outcome: Pick<ReconcileOutcome, "result" | "error" | "requeueAfterMs">;
    try {
      const ran = await this.#run(object, { queueKey, signal, reconcileId, log });
      // Before its failures are forgotten: a result that cannot be read is one more.
      const requeueAfterMs = ran?.requeueAfter === undefined ? undefined : parseDuration(ran.requeueAfter);
      this.#queue.forget(queueKey);
      if (requeueAfterMs === undefined) {
        outcome = { result: "success" };
      } else {
        this.#queue.addAfter(queueKey, requeueAfterMs);
        outcome = { result: "requeue_after", requeueAfterMs };
      }
    } catch (error) {
      explainFrozen(error);
      if (this.#stop.signal.aborted) {
        outcome = { result: "error", error };
      } else if (error instanceof TerminalError) {
        this.#queue.forget(queueKey);
        outcome = { result: "terminal_error", error };
        log.error({ err: error }, "reconcile failed for good; the next change of the object starts another");
      } else {
        outcome = { result: "error", error };
        const retries = this.#queue.retries(queueKey);
        // The stack once: the tries that follow fail in the same place.
        log.error(retries === 0 ? { err: error, retries } : { error: causes(error), retries }, "reconcile failed");
        this.#queue.addRateLimited(queueKey);
      }
    } finally {
      end();
      metrics?.activeWorkers(this.name, -1);
    }
    const durationMs = performance.now() - start;
    metrics?.reconciled(this.name, outcome.result, durationMs / 1000);
    this.#outcomes.push({ controller: this.name, key, reconcileId, durationMs, ...outcome });
  }

  async #run(object: KubeObject, run: Run): Promise<Result> {
    const { cleanup, finalizer } = this.#plan;
    if (!cleanup) return this.#live(object, run);
    if (object.metadata.deletionTimestamp !== undefined) {
      if (hasFinalizer(object, finalizer)) await this.#cleanUp(object, run);
      return undefined;
    }
    if (hasFinalizer(object, finalizer)) return this.#live(object, run);
    const held = await ensureFinalizer(this.#writer(run), object, finalizer);
    if (!held) return undefined;
    this.#writes.wrote(run.queueKey, this.#main, held);
    const { apiVersion, kind, metadata } = held;
    return this.#live(this.#plan.sources[0]!.select.metadataOnly ? deepFreeze({ apiVersion, kind, metadata }) : held, run);
  }

  async #live(object: KubeObject, run: Run): Promise<Result> {
    try {
      return (await this.#plan.reconcile(object as never, new RunContext(this.#scope, object, run) as never)) as Result;
    } catch (error) {
      if (!(error instanceof OwnerDeletedError)) throw error;
      run.log.debug({ reason: error.message }, "the object was deleted during its reconcile, which ends here");
      return undefined;
    }
  }

  async #cleanUp(object: KubeObject, run: Run): Promise<void> {
    const context = new RunContext(this.#scope, object, { ...run, isCleanup: true });
    let forGood = false;
    this.#cleanups.begin(run.queueKey);
    try {
      await this.#plan.cleanup!(object as never, context as never);
      const { leaves } = context;
      const left = leaves && (await removeFinalizer(this.#writer(run), leaves, this.#plan.finalizer));
      if (left) this.#writes.wrote(run.queueKey, this.#main, left.object);
      if (left?.outdated) throw new Error(`${object.kind} ${object.metadata.name} was changed during its cleanup, which is made again`);
    } catch (error) {
      forGood = error instanceof TerminalError;
      throw error;
    } finally {
      if (this.#cleanups.end(run.queueKey, context.versions, forGood)) this.#queue.add(run.queueKey);
    }
    this.#cleanups.forget(run.queueKey);
  }

  #writer({ signal }: Run) {
    return { client: this.#runtime.client, resource: this.#plan.sources[0]!.resource, fieldManager: this.#plan.fieldManager, signal };
  }

  /** A signal for one run: the controller's own, or one that also ends at the deadline. */
  #deadline(): { readonly signal: AbortSignal; readonly end: () => void } {
    const { deadlineMs } = this.#plan;
    if (deadlineMs === undefined) return { signal: this.#stop.signal, end: () => {} };
    const late = new AbortController();
    const end = this.#clock.after(deadlineMs, () =>
      late.abort(new DOMException(`the reconcile took longer than ${deadlineMs} ms`, "TimeoutError")),
    );
    return { signal: AbortSignal.any([this.#stop.signal, late.signal]), end };
  }
}

function rateLimiter({ backoff, retryLimit }: ControllerPlan, clock: Clock): RateLimiter<string> {
  const growing = new ExponentialBackoff<string>(backoff);
  return retryLimit ? new BucketLimit(growing, retryLimit, clock) : growing;
}

/** What `keyText` wrote: names and namespaces hold no slash. */
function parseKey(key: string): ObjectKey {
  const slash = key.indexOf("/");
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
