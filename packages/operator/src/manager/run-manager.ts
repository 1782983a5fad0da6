import type { KubeObject, LabelSelector } from "@outrigger/kit/api";
import { type Client, connect, type KubeconfigOptions } from "@outrigger/kit/client";
import type { Log } from "@outrigger/kit/controller";
import { type Manager, manager, type SecureMetricsOptions } from "@outrigger/kit/manager";
import {
  type OwnCertificate,
  ownCertificate,
  type Registration,
  registerWebhooks,
  unregisterWebhooks,
  type WebhookTarget,
  webhookService,
} from "@outrigger/kit/webhook";
import type { NetworkFaultControllerOptions } from "../faults/index.ts";
import { chooseFeatures, type Feature, type RunningFeature } from "../feature/index.ts";
import { EXCLUDED_NAMESPACES } from "../pipeline/index.ts";
import { allFeatures } from "./features.ts";
import { checkMayRead, ensureNamespace, installDefinitions } from "./install.ts";
import type { FailurePolicies } from "./rule-store.ts";

export interface RunManagerOptions {
  /** Default: the current kubeconfig, or the pod's service account. */
  readonly kubeconfig?: KubeconfigOptions;
  /** Namespace of the manager's Secrets and templates; made where it is not there. */
  readonly namespace: string;
  /** How API servers reach the webhooks: at this address of this machine, or through a Service. */
  readonly webhook: {
    readonly mode: "url" | "service";
    /** Address to listen on; in mode `url` also the one that API servers call. */
    readonly host: string;
    /** 0 lets the system choose, in mode `url`. */
    readonly port: number;
    /** The Service's name, in mode `service`. Default `outrigger-webhook`. */
    readonly serviceName?: string;
  };
  /**
   * Namespaces whose pods get nothing injected, beside its own; network faults act on them where somebody makes some there.
   * Default: `EXCLUDED_NAMESPACES`.
   */
  readonly excludedNamespaces?: readonly string[];
  /** Variables that PodDefaults may take values from. Default: the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** How agents of network faults are reached. Default: at their pods' IPs. */
  readonly faults?: NetworkFaultControllerOptions;
  /** Optional features to turn on, by name; `all` names all of them. Default: none. */
  readonly features?: readonly string[];
  /** Where it does not select a namespace, nothing is injected into pods there. Default: every namespace. */
  readonly namespaceSelector?: LabelSelector;
  /** What becomes of pods while no manager answers, where a rule does not say it itself. Default: Ignore for PodDefaults, Fail for others. */
  readonly failurePolicies?: Partial<FailurePolicies>;
  /** `/healthz` and `/readyz`. Off unless given. */
  readonly probes?: { readonly host?: string; readonly port?: number };
  /** `/metrics` over HTTPS. Off unless given. */
  readonly secureMetrics?: SecureMetricsOptions;
  /** Default: warnings and errors as lines for `report`. */
  readonly log?: Log;
  /** Stops the manager. */
  readonly signal: AbortSignal;
  /** Called once the webhooks are registered and the rules of the cluster are in force. */
  readonly onReady?: () => void;
  /** Take the webhook entries away when stopped: for a manager that is not installed in the cluster. */
  readonly temporary?: boolean;
  /** Lines for the operator of the manager. */
  readonly report: (line: string) => void;
}

/**
 * Runs the Outrigger manager: installs its definitions, keeps its certificate, registers its webhooks, and decides about
 * pods, until the signal.
 *
 * @throws UnknownFeatureError; KubeconfigError, ConnectionError or StatusError when the cluster cannot be reached or refuses; Error when a port is in use.
 */
export async function runManager(options: RunManagerOptions): Promise<void> {
  const { namespace, report, signal } = options;
  const { on, off } = chooseFeatures(
    allFeatures({
      namespace,
      excludedNamespaces: options.excludedNamespaces ?? EXCLUDED_NAMESPACES,
      environment: options.environment ?? process.env,
      namespaceSelector: options.namespaceSelector,
      failurePolicies: options.failurePolicies,
      ...(options.faults ? { faults: options.faults } : {}),
    }),
    options.features ?? [],
  );
  const client = connect(options.kubeconfig ?? {}, { fieldManager: "outrigger-manager", userAgent: "outrigger", onWarning: () => {} });
  try {
    await checkMayRead(client, on);
    await ensureNamespace(client, namespace);
    const { host, mode, serviceName = "outrigger-webhook" } = options.webhook;
    const certificate = await ownCertificate(client, {
      namespace,
      dnsNames: [`${serviceName}.${namespace}.svc`, `${serviceName}.${namespace}.svc.cluster.local`, "localhost"],
      ipAddresses: mode === "url" && /^[\d.]+$|:/.test(host) ? [host] : [],
      onError: (error) => report(`the certificate could not be looked after: ${(error as Error).message}`),
    });
    try {
      await unregisterWebhooks(client, configurations(off, { url: "https://localhost" })).catch((error: unknown) => {
        report(`the webhook entries of features that are off could not be taken away: ${(error as Error).message}`);
      });
      await new Running(client, certificate, on, options).run(signal);
    } finally {
      certificate.stop();
    }
  } finally {
    await client.close();
  }
}

/** One run of the manager, from its first listener to its last. */
class Running {
  readonly #client: Client;
  readonly #certificate: OwnCertificate;
  readonly #options: RunManagerOptions;
  readonly #manager: Manager;
  readonly #features: readonly Feature[];
  readonly #running: readonly RunningFeature[];
  #address: WebhookTarget | undefined;
  #registration: Registration | undefined;

  constructor(client: Client, certificate: OwnCertificate, features: readonly Feature[], options: RunManagerOptions) {
    this.#client = client;
    this.#certificate = certificate;
    this.#options = options;
    this.#features = features;
    const { report } = options;
    this.#manager = manager({
      client,
      name: "outrigger-manager",
      log: options.log ?? quietLog(report),
      ...(options.probes ? { probes: options.probes } : {}),
      ...(options.secureMetrics ? { secureMetrics: options.secureMetrics } : {}),
      controllers: features.flatMap(({ controllers = [] }) => controllers),
      webhooks: [{ name: "webhooks", start: (context) => this.#service().start(context) }],
    });
    const { informers } = this.#manager;
    for (const { resource, options: more } of features.flatMap(({ reads = [] }) => reads)) informers.for(resource, more);
    const webhook = (): WebhookTarget => this.#webhook;
    this.#running = features.flatMap(({ run }) => run?.({ client, informers, webhook, report }) ?? []);
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopped = new AbortController();
    const running = this.#manager.run(AbortSignal.any([signal, stopped.signal]));
    try {
      await Promise.race([this.#manager.ready, running]);
      if (!signal.aborted) {
        await this.#register();
        this.#certificate.onChange(async () => {
          await this.#register();
          await installDefinitions(this.#client, this.#definitions(), new AbortController().signal);
        });
        this.#options.onReady?.();
      }
      await running;
    } catch (error) {
      stopped.abort();
      await running.catch(() => {});
      // Stopped while it was starting: that is no failure.
      if (!signal.aborted) throw error;
    } finally {
      for (const feature of this.#running) await feature.stop?.();
      if (this.#options.temporary) await this.#unregister();
    }
  }

  /** Puts the webhooks in force, with the present certificate. */
  async #register(): Promise<void> {
    for (const feature of this.#running) await feature.register?.();
    this.#registration = await registerWebhooks(this.#client, configurations(this.#features, this.#webhook));
  }

  async #unregister(): Promise<void> {
    try {
      await this.#registration?.unregister();
      for (const feature of this.#running) await feature.unregister?.();
    } catch (error) {
      this.#options.report(`the webhook entries could not be taken away: ${(error as Error).message}`);
    }
  }

  get #webhook(): WebhookTarget {
    return { ...this.#address!, caBundle: this.#certificate.current.caBundle };
  }

  #definitions(): KubeObject[] {
    return this.#features.flatMap(({ definitions }) => definitions?.(this.#webhook) ?? []);
  }

  #service(): ReturnType<typeof webhookService> {
    const { webhook, namespace, temporary } = this.#options;
    return webhookService({
      host: webhook.host,
      port: webhook.port,
      certificate: this.#certificate.current,
      // Nobody calls a manager whose entries are gone.
      ...(temporary ? { drainMs: 0 } : {}),
      webhooks: this.#running.flatMap(({ handlers = [] }) => handlers),
      onListening: async (server, port) => {
        this.#certificate.onChange((next) => server.setCertificate(next));
        const host = webhook.host.includes(":") ? `[${webhook.host}]` : webhook.host;
        this.#address =
          webhook.mode === "url"
            ? { url: `https://${host}:${port}` }
            : { service: { namespace, name: webhook.serviceName ?? "outrigger-webhook" } };
        await installDefinitions(this.#client, this.#definitions(), this.#options.signal);
      },
    });
  }
}

function configurations(features: readonly Feature[], target: WebhookTarget): KubeObject[] {
  return features.flatMap((feature) => feature.configurations?.(target) ?? []);
}

/** The manager's own log goes to whoever runs it: warnings and errors as lines. */
function quietLog(report: (line: string) => void): Log {
  const line = (fields: unknown, message?: string): void => {
    const text =
      typeof fields === "string" ? fields : [message, (fields as { err?: Error } | undefined)?.err?.message].filter(Boolean).join(": ");
    report(text);
  };
  const nothing = (): void => {};
  const log = { debug: nothing, info: nothing, warn: line, error: line, child: () => log } as unknown as Log;
  return log;
}
