import { setMaxListeners } from "node:events";
import { type Informers, informers, untilAborted } from "../cache/index.ts";
import { type Client, type ClusterAccess, connect, type KubeconfigOptions } from "../client/index.ts";
import {
  CacheSyncError,
  type Controller,
  causes,
  eventRecorder,
  type Log,
  type RunningController,
  selectOf,
  silentLog,
  startController,
  type WritingEventRecorder,
} from "../controller/index.ts";
import { LongTimer, timeoutSignal } from "../queue/index.ts";
import { isResourceWebhook, resourceWebhooks } from "../webhook/index.ts";
import { watchHint } from "./access-hints.ts";
import { fencedClient } from "./fenced-client.ts";
import { LeadershipLostError } from "./leader-election.ts";
import { type HeldLease, type Loss, leaseOf } from "./lease.ts";
import { defaultLog } from "./log.ts";
import type { Manager, ManagerOptions, RunningService, RunOptions, Service } from "./manager.ts";
import { type Metrics, metrics } from "./metrics.ts";
import { Probes } from "./probes.ts";
import { SecureMetrics } from "./secure-metrics.ts";

const GRACE_MS = 30_000;
const SYNC_MS = 120_000;

/** Something that was started, and how to stop it. */
interface Started {
  readonly what: string;
  readonly stop: () => Promise<void>;
}

/** How a manager in a thread of its own differs from one in the main thread. */
export interface ThreadParts {
  readonly metrics: Metrics;
  /** The webhooks listen. */
  readonly onServing: () => void;
  /** The caches have synced. */
  readonly onSynced: () => void;
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
  readonly #webhooks: readonly Service[];
  readonly #metrics: Metrics | undefined;
  readonly #probes: Probes;
  readonly #secureMetrics: SecureMetrics | undefined;
  readonly #cluster: ClusterAccess | KubeconfigOptions | undefined;
  readonly #thread: ThreadParts | undefined;
  /** Why a resource cannot be watched, for the message when caches do not sync. */
  readonly #watchFailures = new Map<string, string>();
  readonly #ready = Promise.withResolvers<void>();
  /** Ends when the manager is to stop: with the caller's signal, or with an error of one of its parts. */
  readonly #stop = new AbortController();
  readonly #started: Started[] = [];
  #state: "new" | "starting" | "standby" | "ready" | "stopping" = "new";

  constructor(options: ManagerOptions, thread?: ThreadParts) {
    setMaxListeners(0, this.#stop.signal, this.#overdue.signal);
    refuseDoubleNames(options.controllers ?? []);
    this.#webhooks = webhookServices(options);
    this.#options = options;
    this.#name = options.name ?? "outrigger";
    this.log = options.log === false ? silentLog : (options.log ?? defaultLog(this.#name, options.logLevel));
    const { probes, secureMetrics, leaderElection } = options;
    const shown = probes !== undefined && (probes.metrics ?? secureMetrics === undefined);
    const counting = thread?.metrics ?? (shown || secureMetrics ? metrics(options.metrics) : undefined);
    if (options.metrics !== undefined && !counting)
      throw new RangeError("metrics are shown by probes or by secureMetrics: the manager has neither, or its probes show none");
    this.#thread = thread;
    this.#metrics = counting;
    this.#cluster = options.kubeconfig ?? (options.client ? undefined : {});
    for (const { name, plan } of options.controllers ?? []) counting?.declared(name, plan.workers);
    if (leaderElection) counting?.leading(leaderElection.name ?? this.#name, false);
    this.client =
      options.client ??
      connect(options.kubeconfig ?? {}, {
        userAgent: this.#name,
        onWarning: (text) => this.log.warn({ warning: text }, "the API server warns"),
        ...(counting ? { onRequest: counting.request } : {}),
      });
    this.informers = informers(this.client, {
      onError: (error, resource) => {
        const { plural } = resource;
        const hint = watchHint(error, resource, options.controllers ?? []);
        this.#watchFailures.set(plural, hint ? `${causes(error)}: ${hint}` : causes(error));
        // The stack of a refusal leads into the client, and nobody mends it there.
        if (hint) this.log.warn({ error: causes(error), resource: plural }, hint);
        else this.log.warn({ err: error, resource: plural }, "a watch failed, or a handler threw");
      },
    });
    this.events = eventRecorder(this.client, { component: this.#name, log: this.log });
    this.#probes = new Probes(shown && counting ? () => counting.render() : undefined);
    this.#secureMetrics = secureMetrics && counting && new SecureMetrics(this.client, () => counting.render(), secureMetrics);
    this.#probes.add("healthz", "ping", () => {});
    this.#probes.add("readyz", "manager", () => {
      // A standby is ready: a rolling update waits for its new pods, which lead only when the old ones have gone.
      if (this.#state !== "ready" && this.#state !== "standby") throw new Error(`the manager is ${this.#state}`);
    });
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
  }

  get probesUrl(): string | undefined {
    return this.#probes.url;
  }

  get metricsUrl(): string | undefined {
    return this.#secureMetrics?.url;
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
    else if (stop.signal.aborted) {
      if (failure) this.#failedLate(failure.error, this.#name);
      failure = undefined;
    }
    this.#ready.reject(failure?.error ?? new Error("the manager was stopped"));
    this.#state = "stopping";
    stop.abort();
    await this.#stopAll();
    this.#lease?.acknowledge();
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
    const { probes, controllers = [], services = [], leaderElection, namespaces } = this.#options;
    if (probes) {
      await this.#probes.listen(probes.port ?? 8081, probes.host ?? "0.0.0.0");
      this.#started.push({ what: "probes", stop: () => this.#probes.close() });
    }
    if (this.#secureMetrics) {
      await this.#secureMetrics.listen();
      this.#started.push({ what: "metrics", stop: async () => void (await this.#secureMetrics?.close()) });
    }
    if (!this.#options.client) this.#started.push({ what: "client", stop: () => this.client.close() });
    this.#started.push({ what: "events", stop: () => this.events.stop() }, { what: "events", stop: () => this.events.flushed() });
    // Stopped after the webhooks, which decide by the caches as long as they serve.
    this.#started.push({ what: "informers", stop: () => this.informers.stop() });
    const serving: RunningService[] = [];
    for (const service of this.#webhooks) serving.push(await this.#startService(service, this.client));
    this.#thread?.onServing();

    // Caches are warm before this process leads, so that taking over takes no time.
    for (const { plan } of controllers)
      for (const source of plan.sources) this.informers.for(source.resource, selectOf(plan, source, namespaces));
    this.informers.start();
    await this.#synced();
    for (const service of serving) await this.#unlessStopped(service.ready?.());
    this.#thread?.onSynced();

    const client = leaderElection ? await this.#lead(leaderElection) : this.client;
    for (const service of services) {
      const running = await this.#startService(service, client);
      await this.#unlessStopped(running.ready?.());
    }
    this.#stop.signal.throwIfAborted();
    const running = controllers.map((controller) =>
      startController(controller, {
        client,
        informers: this.informers,
        events: this.events,
        log: this.log,
        ...(namespaces ? { namespaces } : {}),
        ...(this.#metrics ? { metrics: this.#metrics } : {}),
      }),
    );
    this.controllers.push(...running);
    this.#started.push({ what: "controllers", stop: async () => void (await Promise.all(running.map((one) => one.stop()))) });
    await this.#unlessStopped(Promise.all(running.map((one) => one.ready)));
  }

  /** What is waited for, or the reason to stop when that comes first: nothing that a part does not get done may keep the manager. */
  #unlessStopped<T>(wait: T | Promise<T>): Promise<T> {
    return untilAborted(Promise.resolve(wait), this.#stop.signal);
  }

  async #startService(service: Service, client: Client): Promise<RunningService> {
    this.#stop.signal.throwIfAborted();
    const starting = service.start({
      client,
      informers: this.informers,
      log: this.log.child({ service: service.name }),
      signal: this.#stop.signal,
      overdue: this.#overdue.signal,
      ...(this.#cluster ? { cluster: this.#cluster } : {}),
      ...(this.#metrics ? { webhookMetrics: this.#metrics } : {}),
    });
    starting.catch((error: unknown) => this.#failedLate(error, service.name));
    // Known before it has started: who is told to stop meanwhile waits for it, and stops it then.
    this.#started.push({ what: service.name, stop: async () => void (await (await starting.catch(() => undefined))?.stop()) });
    const running = await this.#unlessStopped(starting);
    void running.failed?.then((error) => this.#fail(error));
    if (running.metrics) this.#metrics?.include(() => running.metrics!());
    return running;
  }

  async #synced(): Promise<void> {
    const limit = this.#options.cacheSyncTimeoutMs ?? SYNC_MS;
    const late = timeoutSignal(limit);
    try {
      await this.informers.synced(AbortSignal.any([this.#stop.signal, late]));
    } catch (cause) {
      this.#stop.signal.throwIfAborted();
      const why = [...this.#watchFailures].map(([plural, text]) => `; ${plural}: ${text}`).join("");
      throw new CacheSyncError(`the caches did not sync in ${limit / 1000} s${why}`, { cause });
    }
  }

  #lease: HeldLease | undefined;
  #loss: Loss | undefined;

  /** Waits for the lease; the client with which to work while this process leads. */
  async #lead(options: NonNullable<ManagerOptions["leaderElection"]>): Promise<Client> {
    const name = options.name ?? this.#name;
    const lease = leaseOf(options, {
      cluster: this.#cluster,
      client: this.client,
      name,
      userAgent: this.#name,
      log: this.log,
      onRequest: this.#metrics?.request,
    });
    this.#lease = lease;
    // Given back as soon as what it guards has ended, so that the next leader need not wait for webhooks to drain; never
    // while something may still act.
    this.#started.push({ what: "lease", stop: () => lease.stop(!this.#overdue.signal.aborted && !this.#loss) });
    const lose = (loss: Loss): void => {
      if (this.#loss) return;
      this.#loss = loss;
      this.log.error({ err: loss.error }, "leadership is lost");
      this.#metrics?.leading(name, false);
      this.#fail(loss.error);
    };
    // The lease can also be lost while the manager stops; it then stops faster.
    void lease.lost.then(lose);
    this.#state = "standby";
    await this.#unlessStopped(lease.acquired);
    this.#metrics?.leading(name, true);
    return fencedClient(this.client, () => {
      if (lease.valid()) return;
      const error = new LeadershipLostError(`the time of lease ${name} ran out`);
      lose({ error, endWithinMs: 0 });
      throw error;
    });
  }

  /** A start that fails when it is not wanted any more is no failure of the run, and yet may be the trace of a mistake. */
  #failedLate(error: unknown, part: string): void {
    const { aborted, reason } = this.#stop.signal;
    const wasStopped = error === reason || (error instanceof Error && error.name === "AbortError");
    if (aborted && !wasStopped) this.log.warn({ err: error, part }, "failed to start while it was to stop");
  }

  /** Ends when something did not stop within the grace period. */
  readonly #overdue = new AbortController();

  /** In reverse order, within the grace period as a whole. */
  async #stopAll(): Promise<void> {
    // After losing the lease, stop within half of its remaining time; the rest is for the process to exit.
    const limit = this.#loss ? this.#loss.endWithinMs / 2 : (this.#options.gracePeriodMs ?? GRACE_MS);
    const deadline = performance.now() + limit;
    for (const { what, stop } of this.#started.reverse()) {
      let timer: LongTimer | undefined;
      const late = new Promise<"late">((resolve) => {
        timer = new LongTimer(() => resolve("late"), Math.max(0, deadline - performance.now()));
      });
      try {
        if ((await Promise.race([stop(), late])) === "late") {
          this.#overdue.abort();
          this.log.error({ part: what, graceMs: Math.round(limit) }, "did not stop in time");
        }
      } catch (error) {
        this.log.error({ err: error, part: what }, "did not stop well");
      } finally {
        timer?.cancel();
      }
    }
  }
}

/** Name and finalizer, field manager, figures and log lines of two controllers would be one. */
function refuseDoubleNames(controllers: readonly Controller[]): void {
  const seen = new Map<string, Controller>();
  for (const controller of controllers) {
    const other = seen.get(controller.name);
    if (other)
      throw new RangeError(
        `two controllers are named ${JSON.stringify(controller.name)}, of ${other.resource.kind} and of ${controller.resource.kind}: give one another name, controller(${controller.resource.kind}, { name: "…" })`,
      );
    seen.set(controller.name, controller);
  }
}

/** What runs the webhooks: those of kinds share one server. */
function webhookServices({ webhooks = [], webhookServer, name = "outrigger" }: ManagerOptions): Service[] {
  const ofKinds = webhooks.filter(isResourceWebhook);
  const services = webhooks.filter((one): one is Service => !isResourceWebhook(one));
  if (ofKinds.length > 0) return [resourceWebhooks({ webhooks: ofKinds, name, server: webhookServer ?? {} }), ...services];
  if (webhookServer) throw new RangeError("webhookServer says how webhooks of kinds are reached, and the manager has none");
  return services;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
