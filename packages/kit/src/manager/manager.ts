import type { Informers } from "../cache/index.ts";
import type { Client, ClusterAccess, KubeconfigOptions } from "../client/index.ts";
import type { Controller, EventRecorder, Log, RunningController } from "../controller/index.ts";
import type { MetricFamilies, MetricSource } from "../metrics/index.ts";
import type { ResourceWebhook, WebhookMetrics, WebhookServerSettings } from "../webhook/index.ts";
import type { LeaderElectionOptions } from "./leader-election.ts";
import type { LogLevel } from "./log.ts";
import { RunnableManager } from "./run.ts";
import type { SecureMetricsOptions } from "./secure-metrics.ts";

/** Something that a manager starts and stops beside its controllers: a webhook server, a job of the operator's own. */
export interface Service {
  readonly name: string;
  /**
   * Resolves when it serves. It is told when the caches have synced: a webhook answers 503 until then. A manager that is to
   * stop waits for it no longer than the grace period: when the context's signal ends, reject, or resolve and be stopped.
   */
  start(context: ServiceContext): Promise<RunningService>;
}
/** What a service gets when it starts. */
export interface ServiceContext {
  readonly client: Client;
  readonly informers: Informers;
  readonly log: Log;
  /** Ends when the manager stops. */
  readonly signal: AbortSignal;
  /** Ends when the grace period is over and something has not stopped: what would keep the process is to be ended by force. */
  readonly overdue: AbortSignal;
  /** The cluster, to be reached again from another thread; absent when the manager was given a client alone. */
  readonly cluster?: ClusterAccess | KubeconfigOptions;
  /** Where a webhook server's figures go; absent when the manager counts nothing. */
  readonly webhookMetrics?: WebhookMetrics;
}
/** A service that runs. */
export interface RunningService {
  /** The caches have synced. */
  ready?(): void | Promise<void>;
  /** Lets what is under way end. */
  stop(): Promise<void>;
  /** Resolves with an error when it cannot go on: the manager stops, and `run` rejects with it. */
  readonly failed?: Promise<unknown>;
  /** Figures of its own, shown with the manager's. */
  metrics?(): Promise<MetricFamilies>;
}

/** What a manager runs, and how. */
export interface ManagerOptions {
  /** A client to work with; otherwise one is made from `kubeconfig`. A client given is not closed. */
  readonly client?: Client;
  /**
   * Default: the current kubeconfig, or the pod's service account. Give it beside `client` where there is leader election
   * or a `workerManager`: threads make clients of their own. Without it the lease is renewed in this thread.
   */
  readonly kubeconfig?: ClusterAccess | KubeconfigOptions;
  readonly controllers?: readonly Controller[];
  /** The namespaces in which controllers watch namespaced kinds, where they name none themselves. Default: all. */
  readonly namespaces?: readonly string[];
  /**
   * Webhooks of kinds (`webhook(Deployment).default(…).validate(…)`), webhook servers of one's own and other services: started
   * before the caches, stopped after the controllers.
   */
  readonly webhooks?: readonly (Service | ResourceWebhook)[];
  /** How API servers reach the webhooks of kinds. Default: by Service in a cluster, by URL elsewhere. */
  readonly webhookServer?: WebhookServerSettings;
  /** Services that run only while this process leads, as controllers do. */
  readonly services?: readonly Service[];
  /** Off unless given. */
  readonly leaderElection?: LeaderElectionOptions;
  /** `/healthz`, `/readyz` and `/metrics` over HTTP. Off unless given. */
  readonly probes?: { readonly port?: number; readonly host?: string; readonly metrics?: boolean };
  /** `/metrics` over HTTPS, for those whose token may `get` it. Off unless given; where it is, the probes show none unless told to. */
  readonly secureMetrics?: SecureMetricsOptions;
  /** Default: on standard output, readable lines where it is a terminal and JSON lines elsewhere. */
  readonly log?: Log | false;
  /** What the default log writes: this level and above. Default `info`. */
  readonly logLevel?: LogLevel;
  /**
   * Metrics of the program's own, shown where the manager shows its own: a `Registry` of `@outrigger/kit/metrics`
   * (`const built = registry.counter({ name, help })`), or one of prom-client.
   */
  readonly metrics?: MetricSource | readonly MetricSource[];
  /** Names the manager in events, field managers and leader election. Default `outrigger`. */
  readonly name?: string;
  /** How long the caches may take at the start, in milliseconds. Default 120,000. */
  readonly cacheSyncTimeoutMs?: number;
  /** How long stopping may take before `run` gives up waiting, in milliseconds. Default 30,000. */
  readonly gracePeriodMs?: number;
}

/** What ends a manager. */
export interface RunOptions {
  /** Stops the manager when it ends. */
  readonly signal?: AbortSignal;
  /** Signals of the process that stop the manager; a second one is left to the system's default. Default: none. */
  readonly stopOn?: readonly NodeJS.Signals[];
}

/** See the folder's contract. */
export interface Manager {
  readonly client: Client;
  readonly informers: Informers;
  readonly events: EventRecorder;
  readonly log: Log;
  /** The running controllers, once they were started. */
  readonly controllers: readonly RunningController[];
  /** Address of the probes once they listen: `http://127.0.0.1:8081`. */
  readonly probesUrl: string | undefined;
  /** Address of the metrics over HTTPS once they listen. */
  readonly metricsUrl: string | undefined;
  /** Resolves when webhooks serve, caches are synced and (where this process leads) controllers run. */
  readonly ready: Promise<void>;
  /** A further check of `/healthz` or `/readyz`; it fails by throwing. */
  addCheck(kind: "healthz" | "readyz", name: string, check: () => void | Promise<void>): void;
  /**
   * Runs until stopped; rejects when a part cannot start or go on, and with `LeadershipLostError` when leadership is lost:
   * a program then ends at once, since another may lead. May be called once.
   */
  run(options?: AbortSignal | RunOptions): Promise<void>;
}

/** Puts a manager together; nothing runs, and nothing is sent, before `run`. Throws KubeconfigError when it is to make its own client and cannot, RangeError when two controllers have one name. */
export function manager(options: ManagerOptions = {}): Manager {
  return new RunnableManager(options);
}
