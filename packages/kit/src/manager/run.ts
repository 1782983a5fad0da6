import { setMaxListeners } from "node:events";
import { type Informers, informers } from "../cache/index.ts";
import { type Client, connect } from "../client/index.ts";
import { CacheSyncError, type Log, type RunningController, silentLog, startController } from "../controller/index.ts";
import { eventRecorder, type WritingEventRecorder } from "./events.ts";
import { LeaderElector } from "./leader-election.ts";
import { defaultLog } from "./log.ts";
import type { Manager, ManagerOptions, RunningService, RunOptions, Service } from "./manager.ts";
import { type Metrics, metrics } from "./metrics.ts";
import { Probes } from "./probes.ts";

const GRACE_MS = 30_000;
const SYNC_MS = 120_000;

/** Something that was started, and how to stop it. */
interface Started {
  readonly what: string;
  readonly stop: () => Promise<void>;
}

export class RunnableManager implements Manager {
  readonly client: Client;
  readonly informers: Informers;
  readonly events: WritingEventRecorder;
  readonly log: Log;
  readonly controllers: RunningController[] = [];
  readonly ready: Promise<void>;
  readonly #options: ManagerOptions;
  readonly #name: string;
  readonly #metrics: Metrics | undefined;
  readonly #probes: Probes;
  readonly #ready = Promise.withResolvers<void>();
  /** Ends when the manager is to stop: with the caller's signal, or with an error of one of its parts. */
  readonly #stop = new AbortController();
  readonly #started: Started[] = [];
  #state: "new" | "starting" | "ready" | "stopping" = "new";

  constructor(options: ManagerOptions) {
    setMaxListeners(0, this.#stop.signal);
    this.#options = options;
    this.#name = options.name ?? "outrigger";
    this.log = options.log === false ? silentLog : (options.log ?? defaultLog(this.#name));
    const counting = options.probes !== undefined && options.probes.metrics !== false ? metrics() : undefined;
    this.#metrics = counting;
    this.client =
      options.client ??
      connect(options.kubeconfig ?? {}, {
        userAgent: this.#name,
        onWarning: (text) => this.log.warn({ warning: text }, "the API server warns"),
        ...(counting ? { onRequest: counting.request } : {}),
      });
    this.informers = informers(this.client, {
      onError: (error, { plural }) => this.log.warn({ err: error, resource: plural }, "a watch failed, or a handler threw"),
    });
    this.events = eventRecorder(this.client, { component: this.#name, log: this.log });
    this.#probes = new Probes(counting && (() => counting.render()));
    this.#probes.add("healthz", "ping", () => {});
    this.#probes.add("readyz", "manager", () => {
      if (this.#state !== "ready") throw new Error(`the manager is ${this.#state}`);
    });
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
  }

  get probesUrl(): string | undefined {
    return this.#probes.url;
  }

  addCheck(kind: "healthz" | "readyz", name: string, check: () => void | Promise<void>): void {
    this.#probes.add(kind, name, check);
  }

  async run(options: AbortSignal | RunOptions = {}): Promise<void> {
    if (this.#state !== "new") throw new Error("a manager runs once; make another");
    this.#state = "starting";
    const { signal, stopOn = [] }: RunOptions = options instanceof AbortSignal ? { signal: options } : options;
    const stop = this.#stop;
    const onAbort = (): void => stop.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const onSignal = (name: NodeJS.Signals): void => {
      this.log.info({ signal: name }, "stopping");
      stop.abort(new DOMException(`stopped by ${name}`, "AbortError"));
      for (const one of stopOn) process.off(one, onSignal);
    };
    for (const one of stopOn) process.on(one, onSignal);

    let failure: { readonly error: unknown } | undefined;
    // Whoever waits for `ready` must not wait for a manager that was stopped meanwhile.
    stop.signal.addEventListener("abort", () => this.#ready.reject(stop.signal.reason), { once: true });
    try {
      await this.#start();
      this.#state = "ready";
      this.#ready.resolve();
      this.log.info({}, "the manager is ready");
      await aborted(stop.signal);
    } catch (error) {
      failure = { error };
    }
    // A part's own failure ends the run as an error; the caller's wish to stop does not.
    if (this.#partFailure) failure = this.#partFailure;
    else if (stop.signal.aborted) failure = undefined;
    this.#ready.reject(failure?.error ?? new Error("the manager was stopped"));
    this.#state = "stopping";
    stop.abort();
    await this.#stopAll();
    signal?.removeEventListener("abort", onAbort);
    for (const one of stopOn) process.off(one, onSignal);
    if (failure) throw failure.error;
  }

  #partFailure: { readonly error: unknown } | undefined;
  #fail(error: unknown): void {
    this.#partFailure ??= { error };
    this.#stop.abort(error);
  }

  async #start(): Promise<void> {
    const { probes, webhooks = [], controllers = [], services = [], leaderElection } = this.#options;
    const { signal } = this.#stop;
    if (probes) {
      await this.#probes.listen(probes.port ?? 8081, probes.host ?? "0.0.0.0");
      this.#started.push({ what: "probes", stop: () => this.#probes.close() });
    }
    if (!this.#options.client) this.#started.push({ what: "client", stop: () => this.client.close() });
    this.#started.push({ what: "events", stop: () => this.events.flushed() });
    const serving: RunningService[] = [];
    for (const service of webhooks) serving.push(await this.#startService(service));

    // Caches are warm before this process leads, so that taking over takes no time.
    for (const { plan } of controllers) for (const { resource, select } of plan.sources) this.informers.for(resource, select);
    this.informers.start();
    this.#started.push({ what: "informers", stop: () => this.informers.stop() });
    await this.#synced();
    for (const service of serving) await service.ready?.();

    if (leaderElection) await this.#lead(leaderElection);
    signal.throwIfAborted();
    for (const service of services) {
      const running = await this.#startService(service);
      await running.ready?.();
    }
    const running = controllers.map((controller) =>
      startController(controller, {
        client: this.client,
        informers: this.informers,
        events: this.events,
        log: this.log,
        ...(this.#metrics ? { metrics: this.#metrics } : {}),
      }),
    );
    this.controllers.push(...running);
    this.#started.push({ what: "controllers", stop: async () => void (await Promise.all(running.map((one) => one.stop()))) });
    await Promise.all(running.map((one) => one.ready));
  }

  async #startService(service: Service): Promise<RunningService> {
    const running = await service.start({
      client: this.client,
      informers: this.informers,
      log: this.log.child({ service: service.name }),
      signal: this.#stop.signal,
    });
    this.#started.push({ what: service.name, stop: () => running.stop() });
    return running;
  }

  async #synced(): Promise<void> {
    const limit = this.#options.cacheSyncTimeoutMs ?? SYNC_MS;
    const late = AbortSignal.timeout(limit);
    try {
      await this.informers.synced(AbortSignal.any([this.#stop.signal, late]));
    } catch (cause) {
      this.#stop.signal.throwIfAborted();
      throw new CacheSyncError(`the caches did not sync in ${limit / 1000} s; the log above says which watch failed, and why`, { cause });
    }
  }

  async #lead(options: NonNullable<ManagerOptions["leaderElection"]>): Promise<void> {
    const name = options.name ?? this.#name;
    const elector = new LeaderElector({
      client: this.client,
      log: this.log,
      options: { ...options, name, namespace: options.namespace ?? this.client.namespace },
    });
    this.#metrics?.leading(name, false);
    await elector.acquire(this.#stop.signal);
    this.#metrics?.leading(name, true);
    // The lease is kept while controllers end their work, and given back when they have.
    const held = new AbortController();
    const holding = elector.hold(held.signal).catch((error: unknown) => {
      this.log.error({ err: error }, "leadership is lost");
      this.#metrics?.leading(name, false);
      this.#fail(error);
    });
    this.#started.push({
      what: "lease",
      stop: async () => {
        held.abort();
        await holding;
        if (!this.#partFailure) await elector.release();
      },
    });
  }

  /** In reverse order, within the grace period as a whole. */
  async #stopAll(): Promise<void> {
    const limit = this.#options.gracePeriodMs ?? GRACE_MS;
    const deadline = performance.now() + limit;
    for (const { what, stop } of this.#started.reverse()) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<"late">((resolve) => {
        timer = setTimeout(() => resolve("late"), Math.max(0, deadline - performance.now()));
      });
      try {
        if ((await Promise.race([stop(), late])) === "late") this.log.error({ part: what, graceMs: limit }, "did not stop in time");
      } catch (error) {
        this.log.error({ err: error, part: what }, "did not stop well");
      } finally {
        clearTimeout(timer);
      }
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
