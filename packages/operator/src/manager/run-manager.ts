import type { KubeObject, Observed } from "@outrigger/kit/api";
import { type Client, connect, type KubeconfigOptions, NotFoundError } from "@outrigger/kit/client";
import { type Controller, controller, type Log } from "@outrigger/kit/controller";
import { ConfigMap, MutatingWebhookConfiguration, Namespace, Pod } from "@outrigger/kit/kinds";
import { type Manager, manager } from "@outrigger/kit/manager";
import {
  type AdmissionAnswer,
  type AdmissionRequest,
  convert,
  mutate,
  type OwnCertificate,
  ownCertificate,
  type Registration,
  registerWebhooks,
  validate,
  webhookService,
} from "@outrigger/kit/webhook";
import { mutatePod, mutateSidecarSet, validateSidecarSet } from "../admission/index.ts";
import { NetworkFault, type NetworkFaultControllerOptions, networkFaultController } from "../faults/index.ts";
import { EXCLUDED_NAMESPACES } from "../pipeline/index.ts";
import { PodDefaultsKind, podDefaultsController, podDefaultsCrd } from "../poddefaults/index.ts";
import { convertSidecarSet, type SidecarSet, SidecarSets, sidecarSetCrd } from "../sidecarset/index.ts";
import { clientConfig, PATHS, POD_CONFIGURATION, sidecarSetConfigurations, type WebhookAddress } from "./configuration.ts";
import { ExpectedWrites } from "./expected.ts";
import { checkMayRead, ensureNamespace, installDefinitions, withoutConversion } from "./install.ts";
import { TEMPLATE_LABEL } from "./names.ts";
import { RuleStore, scopeRule } from "./rule-store.ts";
import { ScopeKeeper } from "./scope-keeper.ts";
import { type CountedPod, countPods, injectedBy } from "./status.ts";
import { metadataWhitelist } from "./whitelist.ts";

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
 * @throws KubeconfigError, ConnectionError or StatusError when the cluster cannot be reached or refuses; Error when a port is in use.
 */
export async function runManager(options: RunManagerOptions): Promise<void> {
  const { namespace, report, signal } = options;
  const client = connect(options.kubeconfig ?? {}, { fieldManager: "outrigger-manager", userAgent: "outrigger", onWarning: () => {} });
  try {
    await checkMayRead(client, namespace);
    await ensureNamespace(client, namespace);
    const { host, mode, serviceName = "outrigger-webhook" } = options.webhook;
    const certificate = await ownCertificate(client, {
      namespace,
      dnsNames: [`${serviceName}.${namespace}.svc`, `${serviceName}.${namespace}.svc.cluster.local`, "localhost"],
      ipAddresses: mode === "url" && /^[\d.]+$|:/.test(host) ? [host] : [],
      onError: (error) => report(`the certificate could not be looked after: ${(error as Error).message}`),
    });
    try {
      await new Running(client, certificate, options).run(signal);
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
  readonly #rules: RuleStore;
  readonly #expected = new ExpectedWrites();
  #scope: ScopeKeeper | undefined;
  #address: WebhookAddress | undefined;
  #registration: Registration | undefined;

  constructor(client: Client, certificate: OwnCertificate, options: RunManagerOptions) {
    this.#client = client;
    this.#certificate = certificate;
    this.#options = options;
    this.#manager = manager({
      client,
      name: "outrigger-manager",
      log: quietLog(options.report),
      controllers: [
        sidecarSetStatus,
        podDefaultsController({ environment: options.environment ?? process.env }),
        networkFaultController(options.faults),
      ],
      webhooks: [this.#service()],
    });
    const { informers } = this.#manager;
    this.#rules = new RuleStore(
      {
        sidecarSets: informers.for(SidecarSets),
        podDefaults: informers.for(PodDefaultsKind),
        templates: informers.for(ConfigMap, { namespace: options.namespace, labelSelector: TEMPLATE_LABEL }),
      },
      {
        environment: options.environment ?? process.env,
        excludedNamespaces: this.#excluded,
        ownNamespace: options.namespace,
      },
      options.report,
    );
    this.#rules.follow(() => void this.#scope?.set(this.#rules.scopeRules).catch(() => {}));
    informers.for(Namespace);
    const seen = (object: Observed<typeof SidecarSets>): void => this.#expected.seen(object);
    informers.for(SidecarSets).addHandler({ onAdd: seen, onUpdate: seen });
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopped = new AbortController();
    const running = this.#manager.run(AbortSignal.any([signal, stopped.signal]));
    try {
      await Promise.race([this.#manager.ready, running]);
      if (!signal.aborted) {
        await this.#register();
        this.#options.onReady?.();
      }
      await running;
    } catch (error) {
      stopped.abort();
      await running.catch(() => {});
      // Stopped while it was starting: that is no failure.
      if (!signal.aborted) throw error;
    } finally {
      await this.#scope?.stop();
      if (this.#options.temporary) await this.#unregister();
    }
  }

  /** Puts the webhooks in force, once the rules are known. */
  async #register(): Promise<void> {
    const { report } = this.#options;
    const scope = new ScopeKeeper({
      client: this.#client,
      address: this.#address!,
      caBundle: () => this.#certificate.current.caBundle,
      excluded: [...new Set([...this.#excluded, this.#options.namespace])],
      report,
    });
    this.#scope = scope;
    await this.#rules.settled();
    await scope.set(this.#rules.scopeRules);
    await this.#registerSidecarSets();
    this.#certificate.onChange(async () => {
      await scope.rewrite();
      await this.#registerSidecarSets();
      await installDefinitions(this.#client, this.#definitions(), new AbortController().signal);
    });
  }

  get #excluded(): readonly string[] {
    return this.#options.excludedNamespaces ?? EXCLUDED_NAMESPACES;
  }

  async #registerSidecarSets(): Promise<void> {
    this.#registration = await registerWebhooks(this.#client, sidecarSetConfigurations(this.#address!, this.#certificate.current.caBundle));
  }

  async #unregister(): Promise<void> {
    try {
      await this.#registration?.unregister();
      await this.#client.delete(MutatingWebhookConfiguration, { name: POD_CONFIGURATION }).catch((error: unknown) => {
        if (!(error instanceof NotFoundError)) throw error;
      });
      await withoutConversion(this.#client, sidecarSetCrd({}).metadata.name ?? "");
    } catch (error) {
      this.#options.report(`the webhook entries could not be taken away: ${(error as Error).message}`);
    }
  }

  #definitions(): KubeObject[] {
    return [
      sidecarSetCrd(clientConfig(this.#address!, PATHS.convert, this.#certificate.current.caBundle)),
      podDefaultsCrd(),
      NetworkFault.crd() as unknown as KubeObject,
    ];
  }

  #service(): ReturnType<typeof webhookService> {
    const { webhook, namespace, temporary } = this.#options;
    return webhookService({
      host: webhook.host,
      port: webhook.port,
      certificate: this.#certificate.current,
      // Nobody calls a manager whose entries are gone.
      ...(temporary ? { drainMs: 0 } : {}),
      webhooks: [
        mutate(PATHS.mutatePods, (request) => this.#pod(request)),
        mutate(PATHS.mutateSidecarSets, mutateSidecarSet),
        validate(PATHS.validateSidecarSets, (request) => this.#sidecarSet(request)),
        convert(PATHS.convert, (object, version) => convertSidecarSet(object, version)),
      ],
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

  /** At once where all is known, as it nearly always is. */
  #pod(request: AdmissionRequest): AdmissionAnswer | Promise<AdmissionAnswer> {
    const namespace = this.#manager.informers.for(Namespace).lister.get({ name: request.namespace ?? "" });
    const [rules, expected] = [this.#rules.settled(), this.#expected.settled()];
    if (namespace !== undefined && rules === undefined && expected === undefined) return this.#decide(request, namespace);
    return this.#podLater(request, [rules, expected]);
  }

  async #podLater(request: AdmissionRequest, awaited: readonly unknown[]): Promise<AdmissionAnswer> {
    await Promise.all(awaited);
    const { namespace: name = "" } = request;
    // One that is younger than the cache is asked for.
    const known = this.#manager.informers.for(Namespace).lister.get({ name });
    return this.#decide(request, known ?? (await this.#client.find(Namespace, { name })));
  }

  #decide(request: AdmissionRequest, namespace: Observed<typeof Namespace> | undefined): AdmissionAnswer {
    return mutatePod(request, this.#rules.rules, { namespaceLabels: namespace?.metadata.labels ?? {}, now: new Date() });
  }

  async #sidecarSet(request: AdmissionRequest): Promise<AdmissionAnswer> {
    // Sets of one `kubectl apply` are judged beside each other.
    const expected = this.#expected.settled();
    if (expected !== undefined) await expected;
    const { lister } = this.#manager.informers.for(SidecarSets);
    const others = lister.list() as unknown as readonly SidecarSet[];
    const whitelist = await metadataWhitelist(this.#client, request.object);
    const answer = validateSidecarSet(request, { others, ...(whitelist === undefined ? {} : { whitelist }) });
    const { object } = request;
    if (answer.allowed && !request.dryRun && object) {
      const set = convertSidecarSet(object, SidecarSets.apiVersion) as SidecarSet;
      await this.#scope?.cover(scopeRule("SidecarSet", set, "Fail"));
      this.#expected.expect(set, lister.get({ name: set.metadata.name ?? "" }));
    }
    return answer;
  }
}

/** Keeps each set's counts of pods. */
const sidecarSetStatus: Controller = controller(SidecarSets, { name: "sidecarset-status" })
  .watches(Pod, (pod, before) => [...new Set([...injectedBy(pod), ...(before ? injectedBy(before) : [])])].map((name) => ({ name })))
  .reconcile(async (set, ctx) => {
    const pods = ctx.list(Pod) as unknown as readonly CountedPod[];
    const next = countPods(set as unknown as SidecarSet, pods);
    const now = set.status as Record<string, unknown> | undefined;
    if (Object.entries(next).every(([field, value]) => now?.[field] === value)) return;
    await ctx.status({ ...next } as never);
  }) as Controller;

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
