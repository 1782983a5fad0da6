import type { KubeObject, Resource } from "../api/index.ts";
import { type Client, type ClusterAccess, dynamicResource, type KubeconfigOptions } from "../client/index.ts";
import { createCa, issueCertificate } from "../pki/index.ts";
import {
  type ConfigurationOptions,
  clientConfig,
  mutatingConfiguration,
  validatingConfiguration,
  type WebhookTarget,
} from "./configuration.ts";
import { type ConfigurationKeeper, configurationKeeper } from "./configuration-keeper.ts";
import { type Hooks, hooksOf } from "./hooks.ts";
import { type OwnCertificate, ownCertificate, type ServedCertificate } from "./own-certificate.ts";
import { type Reach, reachOf, urlOf, type WebhookServerSettings } from "./reach.ts";
import { unregisterWebhooks } from "./register.ts";
import type { ResourceWebhook } from "./resource-webhook.ts";
import { type WebhookMetrics, type WebhookServer, webhookServer } from "./server.ts";

/** How the webhooks of kinds are served and registered. */
export interface ResourceWebhooksOptions {
  readonly webhooks: readonly ResourceWebhook[];
  /** Names the configurations, the Service and the Secrets. */
  readonly name: string;
  readonly server: WebhookServerSettings;
}

/** What a manager gives its services; see `ServiceContext`. */
interface Context {
  readonly client: Client;
  readonly log: {
    info(fields: object, message?: string): void;
    warn(fields: object, message?: string): void;
    error(fields: object, message?: string): void;
  };
  readonly signal: AbortSignal;
  readonly cluster?: ClusterAccess | KubeconfigOptions;
  readonly webhookMetrics?: WebhookMetrics;
}

const DEFINITIONS = dynamicResource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "Cluster");
/** API servers may still call for a moment after the configuration has gone. */
const DRAIN_BY_URL_MS = 1_000;

/** The configurations by which API servers call these webhooks; the manager keeps them in force, and generators write them down. */
export function webhookConfigurations(
  webhooks: readonly ResourceWebhook[],
  { name, target, excludedNamespaces = [] }: Pick<ConfigurationOptions, "name" | "target" | "excludedNamespaces">,
): KubeObject[] {
  const all = webhooks.map(({ plan }) => hooksOf(plan, noClient));
  const never = [...new Set([...excludedNamespaces, ...webhooks.flatMap(({ plan }) => plan.options.excludedNamespaces ?? [])])];
  const options = { name, target, labels: labelsOf(name), excludedNamespaces: never };
  const mutating = all.flatMap((hooks) => hooks.mutating ?? []);
  const validating = all.flatMap((hooks) => hooks.validating ?? []);
  return [
    ...(mutating.length > 0 ? [mutatingConfiguration({ ...options, webhooks: mutating })] : []),
    ...(validating.length > 0 ? [validatingConfiguration({ ...options, webhooks: validating })] : []),
  ];
}

/** Which definitions have a conversion that these webhooks serve, and where. */
export function conversionsOf(webhooks: readonly ResourceWebhook[], target: WebhookTarget): { definition: string; conversion: object }[] {
  return webhooks.flatMap(({ plan }) => {
    const { conversionPath } = hooksOf(plan, noClient);
    if (conversionPath === undefined) return [];
    return { definition: definitionName(plan.resource), conversion: conversionOf(target, conversionPath) };
  });
}

/** Names of the definitions whose versions these webhooks convert. */
export function convertedDefinitions(webhooks: readonly ResourceWebhook[]): string[] {
  return webhooks.filter(({ plan }) => plan.convert !== undefined).map(({ plan }) => definitionName(plan.resource));
}

/**
 * The webhooks of kinds as a part of a manager.
 *
 * Guarantees
 * - Conversions are in force before caches begin to fill, admission once they are full.
 * - By URL the certificate is made at the start and known to nobody else; everything that was registered is taken away at
 *   the end, and a conversion put back as it was.
 * - By Service the certificate is the own one of all replicas (`ownCertificate`), and what is registered stays: another
 *   replica serves it.
 * - What somebody edits or deletes of it meanwhile is put right. What hooks throw goes to the log.
 *
 * Caveat: by URL a process that is killed leaves its configurations behind; the next start puts them right, and
 * `failurePolicy: Fail` refuses until then.
 *
 * @throws RangeError when two webhooks would be one: the same kind, without names.
 */
export function resourceWebhooks(options: ResourceWebhooksOptions) {
  refuseTwins(options.webhooks);
  return {
    name: "webhooks",
    start: async (context: Context) => {
      const reach = await reachOf(options.server, context.cluster, options.name);
      const running = new RunningWebhooks(options, context, reach);
      try {
        await running.start();
      } catch (error) {
        await running.stop();
        throw error;
      }
      return { ready: () => running.admit(), stop: () => running.stop() };
    },
  };
}

class RunningWebhooks {
  readonly #options: ResourceWebhooksOptions;
  readonly #context: Context;
  readonly #reach: Reach;
  readonly #hooks: readonly Hooks[];
  /** Conversions as they were before, by definition. */
  readonly #before = new Map<string, unknown>();
  #own: OwnCertificate | undefined;
  #server: WebhookServer | undefined;
  #keeper: ConfigurationKeeper | undefined;
  #target: WebhookTarget | undefined;
  #admits = false;

  constructor(options: ResourceWebhooksOptions, context: Context, reach: Reach) {
    this.#options = options;
    this.#context = context;
    this.#reach = reach;
    this.#hooks = options.webhooks.map(({ plan }) => hooksOf(plan, () => context.client));
  }

  async start(): Promise<void> {
    const { log, webhookMetrics } = this.#context;
    const certificate = await this.#certificate();
    this.#server = webhookServer({
      webhooks: this.#hooks.flatMap(({ handlers }) => handlers),
      certificate,
      port: this.#reach.port,
      ...(this.#reach.host === undefined ? {} : { host: this.#reach.host }),
      ready: false,
      ...(webhookMetrics ? { metrics: webhookMetrics } : {}),
      onError: (error, path) => log.error({ err: error, webhook: path }, "a webhook's hook failed"),
    });
    const port = await this.#server.listen();
    this.#target = this.#targetOf(port, certificate.caBundle);
    this.#own?.onChange(async (next) => {
      this.#target = this.#targetOf(port, next.caBundle);
      await this.#keeper?.refresh(this.#context.signal);
      this.#server?.setCertificate(next);
    });
    if (this.#hooks.some(({ conversionPath }) => conversionPath !== undefined)) await this.#register();
  }

  /** Reviews are answered from now on, and asked for. */
  async admit(): Promise<void> {
    this.#admits = true;
    this.#server?.setReady(true);
    await this.#forgetFormer();
    await this.#register();
    const { log } = this.#context;
    const at =
      this.#reach.by === "service"
        ? `${this.#reach.service.name}.${this.#reach.service.namespace}.svc`
        : (this.#target as { url: string }).url;
    log.info({ paths: this.#hooks.flatMap(({ handlers }) => handlers.map(({ path }) => path)), at }, "webhooks are registered");
  }

  async stop(): Promise<void> {
    await this.#keeper?.stop();
    this.#own?.stop();
    if (this.#reach.by === "url" && this.#target) await this.#unregister();
    await this.#server?.drain(this.#reach.by === "url" ? DRAIN_BY_URL_MS : undefined);
  }

  async #certificate(): Promise<ServedCertificate> {
    if (this.#reach.by === "url") {
      const host = this.#reach.url === undefined ? this.#reach.host : new URL(this.#reach.url).hostname.replace(/^\[|\]$/g, "");
      const ca = createCa({ commonName: `${this.#options.name} webhooks` });
      const isAddress = /^[\d.]+$|:/.test(host);
      const leaf = issueCertificate(ca, {
        commonName: "webhooks",
        dnsNames: isAddress ? ["localhost"] : [host],
        ipAddresses: isAddress ? [host] : [],
        usages: ["server auth"],
      });
      return { ...leaf, caBundle: ca.certificate };
    }
    const { service } = this.#reach;
    const { log, client } = this.#context;
    const host = `${service.name}.${service.namespace}.svc`;
    this.#own = await ownCertificate(client, {
      namespace: service.namespace,
      caSecretName: `${this.#options.name}-webhook-ca`,
      secretName: `${this.#options.name}-webhook-tls`,
      dnsNames: [host, `${host}.cluster.local`],
      labels: labelsOf(this.#options.name),
      onError: (error) => log.warn({ err: error }, "the certificate of the webhooks could not be looked after"),
    });
    return this.#own.current;
  }

  #targetOf(port: number, caBundle: string): WebhookTarget {
    if (this.#reach.by === "service") return { service: this.#reach.service, caBundle };
    return { url: this.#reach.url ?? urlOf(this.#reach.host, port), caBundle };
  }

  async #register(): Promise<void> {
    if (!this.#keeper) {
      await this.#prepareDefinitions();
      const { client, log } = this.#context;
      this.#keeper = configurationKeeper(client, {
        wanted: (observed) => this.#wanted(observed),
        fieldManager: this.#options.name,
        onRepair: ({ object, paths, by }) =>
          log.warn(
            { kind: object.kind, configuration: object.metadata.name, paths, by },
            "somebody changed the registration of the webhooks; it was put right",
          ),
        onError: (error, object) =>
          log.warn(
            { err: error, kind: object?.kind, configuration: object?.metadata.name },
            "the webhooks could not be registered; trying again",
          ),
      });
    }
    await this.#keeper.refresh(this.#context.signal);
  }

  #wanted(observed: (kind: string, name: string) => KubeObject | undefined): KubeObject[] {
    const target = this.#target!;
    const { webhooks, name } = this.#options;
    const definitions = webhooks.flatMap(({ plan }, index) => {
      const { conversionPath } = this.#hooks[index]!;
      if (conversionPath === undefined) return [];
      const conversion = conversionOf(target, conversionPath);
      // Only `spec.conversion` is ours: another program, possibly a newer version of this one, may have installed the rest.
      const found = observed("CustomResourceDefinition", definitionName(plan.resource));
      const { apiVersion, kind, metadata, spec } = found ?? wholeDefinition(plan.resource);
      return { apiVersion, kind, metadata: { name: metadata.name! }, spec: found ? { conversion } : { ...(spec as object), conversion } };
    });
    const excludedNamespaces = this.#reach.by === "service" ? [this.#reach.service.namespace] : [];
    return [...definitions, ...(this.#admits ? webhookConfigurations(webhooks, { name, target, excludedNamespaces }) : [])];
  }

  /** A conversion that went by URL and now goes by Service, or the other way round, would keep both: a patch merges. */
  async #prepareDefinitions(): Promise<void> {
    for (const [index, { conversionPath }] of this.#hooks.entries()) {
      if (conversionPath === undefined) continue;
      const { client, signal } = this.#context;
      const name = definitionName(this.#options.webhooks[index]!.plan.resource);
      const found = (await client.find(DEFINITIONS, { name }, { signal })) as unknown as { spec: { conversion?: Conversion } } | undefined;
      const conversion = found?.spec.conversion;
      this.#before.set(name, conversion ?? { strategy: "None" });
      const other = this.#reach.by === "url" ? "service" : "url";
      if (conversion?.webhook?.clientConfig?.[other] !== undefined) await this.#setConversion(name, { strategy: "None" });
    }
  }

  async #setConversion(name: string, conversion: unknown): Promise<void> {
    const { client } = this.#context;
    const patch = [{ op: "add", path: "/spec/conversion", value: conversion }];
    await client.patch(DEFINITIONS, { name }, { type: "json", patch }, { fieldManager: this.#options.name });
  }

  /** The configuration of a kind of hooks that this program has no more of, left by a former one of the same name. */
  async #forgetFormer(): Promise<void> {
    const { client, signal } = this.#context;
    const { name } = this.#options;
    for (const [kind, plural, has] of [
      ["MutatingWebhookConfiguration", "mutatingwebhookconfigurations", this.#hooks.some(({ mutating }) => mutating)],
      ["ValidatingWebhookConfiguration", "validatingwebhookconfigurations", this.#hooks.some(({ validating }) => validating)],
    ] as const) {
      if (has) continue;
      const found = await client.find(dynamicResource("admissionregistration.k8s.io/v1", kind, plural, "Cluster"), { name }, { signal });
      const labels = (found as unknown as KubeObject | undefined)?.metadata.labels ?? {};
      if (Object.entries(labelsOf(name)).every(([key, value]) => labels[key] === value))
        await unregisterWebhooks(client, [{ kind, metadata: { name } }]);
    }
  }

  async #unregister(): Promise<void> {
    const { client, log } = this.#context;
    try {
      if (this.#admits)
        await unregisterWebhooks(
          client,
          webhookConfigurations(this.#options.webhooks, { name: this.#options.name, target: this.#target! }),
        );
      for (const [name, conversion] of this.#before) await this.#setConversion(name, conversion);
    } catch (error) {
      log.error(
        { err: error },
        "the registration of the webhooks could not be taken away: API servers go on calling an address where nobody answers",
      );
    }
  }
}

interface Conversion {
  readonly webhook?: { readonly clientConfig?: { readonly url?: string; readonly service?: object } };
}

function conversionOf(target: WebhookTarget, path: string): object {
  return { strategy: "Webhook", webhook: { clientConfig: clientConfig(target, path), conversionReviewVersions: ["v1"] } };
}

function labelsOf(name: string): Record<string, string> {
  return { "app.kubernetes.io/managed-by": name };
}

function definitionName({ plural, apiVersion }: Resource): string {
  return `${plural}.${apiVersion.split("/")[0]}`;
}

function wholeDefinition(resource: Resource): KubeObject {
  return (resource as unknown as { crd(): KubeObject }).crd();
}

function noClient(): never {
  throw new Error("unreachable: nothing is answered here");
}

function refuseTwins(webhooks: readonly ResourceWebhook[]): void {
  const seen = new Set<string>();
  for (const { plan } of webhooks) {
    for (const { path } of hooksOf(plan, noClient).handlers) {
      if (seen.has(path))
        throw new RangeError(
          `two webhooks of ${plan.resource.kind} (${plan.resource.apiVersion}) would answer ${path}: put their hooks into one, or name one, webhook(${plan.resource.kind}, { name: "…" })`,
        );
      seen.add(path);
    }
  }
}
