import type { LabelSelector, Observed } from "@outrigger/kit/api";
import { type Client, NotFoundError } from "@outrigger/kit/client";
import { ConfigMap, MutatingWebhookConfiguration, Namespace } from "@outrigger/kit/kinds";
import { type AdmissionAnswer, type AdmissionRequest, clientConfig, convert, mutate, validate, type Webhook } from "@outrigger/kit/webhook";
import { mutatePod, mutateSidecarSet, validateSidecarSet } from "../admission/index.ts";
import { configurationRights, type Feature, type FeatureContext, type RunningFeature } from "../feature/index.ts";
import { PodDefaultsKind } from "../poddefaults/index.ts";
import { convertSidecarSet, type SidecarSet, SidecarSets, sidecarSetCrd } from "../sidecarset/index.ts";
import { PATHS, POD_CONFIGURATION, sidecarSetConfigurations } from "./configuration.ts";
import { ExpectedWrites } from "./expected.ts";
import { withoutConversion } from "./install.ts";
import { TEMPLATE_LABEL } from "./names.ts";
import { type FailurePolicies, RuleStore, scopeRule } from "./rule-store.ts";
import { ScopeKeeper } from "./scope-keeper.ts";
import { sidecarSetStatus } from "./sidecarset-status.ts";
import { metadataWhitelist, WHITELIST_RIGHT } from "./whitelist.ts";

export interface InjectionOptions {
  /** The manager's own namespace: templates are there, and its pods get nothing injected. */
  readonly namespace: string;
  readonly excludedNamespaces: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where it does not select a namespace, pods there are not sent to us. Default: every namespace. */
  readonly namespaceSelector?: LabelSelector | undefined;
  /** What becomes of pods while no manager answers, where a rule does not say it itself. */
  readonly failurePolicies?: Partial<FailurePolicies> | undefined;
}

/** What is decided about pods as they are made: SidecarSets, templates and PodDefaults, and the definition of the first. */
export function injection(options: InjectionOptions): Feature {
  return {
    name: "injection",
    definitions: (webhook) => [sidecarSetCrd(clientConfig(webhook, PATHS.convert))],
    reads: [
      { resource: Namespace },
      { resource: SidecarSets },
      { resource: PodDefaultsKind },
      { resource: ConfigMap, options: templates(options) },
    ],
    controllers: [sidecarSetStatus],
    configurations: sidecarSetConfigurations,
    permissions: [...configurationRights("MutatingWebhookConfiguration", POD_CONFIGURATION), WHITELIST_RIGHT],
    run: (context) => new Injection(options, context),
  };
}

function templates({ namespace }: InjectionOptions): { readonly namespace: string; readonly labelSelector: string } {
  return { namespace, labelSelector: TEMPLATE_LABEL };
}

class Injection implements RunningFeature {
  readonly handlers: readonly Webhook[];
  readonly #options: InjectionOptions;
  readonly #context: FeatureContext;
  readonly #rules: RuleStore;
  readonly #expected = new ExpectedWrites();
  #scope: ScopeKeeper | undefined;

  constructor(options: InjectionOptions, context: FeatureContext) {
    this.#options = options;
    this.#context = context;
    const { informers, report } = context;
    this.handlers = [
      mutate(PATHS.mutatePods, (request) => this.#pod(request)),
      mutate(PATHS.mutateSidecarSets, mutateSidecarSet),
      validate(PATHS.validateSidecarSets, (request) => this.#sidecarSet(request)),
      convert(PATHS.convert, (object, version) => convertSidecarSet(object, version)),
    ];
    this.#rules = new RuleStore(
      {
        sidecarSets: informers.for(SidecarSets),
        podDefaults: informers.for(PodDefaultsKind),
        templates: informers.for(ConfigMap, templates(options)),
      },
      { environment: options.environment, excludedNamespaces: options.excludedNamespaces, ownNamespace: options.namespace },
      report,
      options.failurePolicies,
    );
    this.#rules.follow(() => void this.#scope?.set(this.#rules.scopeRules).catch(() => {}));
    const seen = (object: Observed<typeof SidecarSets>): void => this.#expected.seen(object);
    informers.for(SidecarSets).addHandler({ onAdd: seen, onUpdate: seen });
  }

  /** Sends pods to us, once the rules are known. */
  async register(): Promise<void> {
    if (this.#scope) return this.#scope.rewrite();
    const { client, webhook, report } = this.#context;
    const excluded = [...new Set([...this.#options.excludedNamespaces, this.#options.namespace])];
    this.#scope = new ScopeKeeper({ client, webhook, excluded, namespaceSelector: this.#options.namespaceSelector, report });
    await this.#rules.settled();
    await this.#scope.set(this.#rules.scopeRules);
  }

  async stop(): Promise<void> {
    await this.#scope?.stop();
  }

  async unregister(): Promise<void> {
    const { client } = this.#context;
    await client.delete(MutatingWebhookConfiguration, { name: POD_CONFIGURATION }).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error;
    });
    await withoutConversion(client, sidecarSetCrd({}).metadata.name ?? "");
  }

  get #client(): Client {
    return this.#context.client;
  }

  /** At once where all is known, as it nearly always is. */
  #pod(request: AdmissionRequest): AdmissionAnswer | Promise<AdmissionAnswer> {
    const namespace = this.#context.informers.for(Namespace).lister.get({ name: request.namespace ?? "" });
    const [rules, expected] = [this.#rules.settled(), this.#expected.settled()];
    if (namespace !== undefined && rules === undefined && expected === undefined) return this.#decide(request, namespace);
    return this.#podLater(request, [rules, expected]);
  }

  async #podLater(request: AdmissionRequest, awaited: readonly unknown[]): Promise<AdmissionAnswer> {
    await Promise.all(awaited);
    const { namespace: name = "" } = request;
    // One that is younger than the cache is asked for.
    const known = this.#context.informers.for(Namespace).lister.get({ name });
    return this.#decide(request, known ?? (await this.#client.find(Namespace, { name })));
  }

  #decide(request: AdmissionRequest, namespace: Observed<typeof Namespace> | undefined): AdmissionAnswer {
    return mutatePod(request, this.#rules.rules, { namespaceLabels: namespace?.metadata.labels ?? {}, now: new Date() });
  }

  async #sidecarSet(request: AdmissionRequest): Promise<AdmissionAnswer> {
    // Sets of one `kubectl apply` are judged beside each other.
    const expected = this.#expected.settled();
    if (expected !== undefined) await expected;
    const { lister } = this.#context.informers.for(SidecarSets);
    const others = lister.list() as unknown as readonly SidecarSet[];
    const whitelist = await metadataWhitelist(this.#client, request.object);
    const answer = validateSidecarSet(request, { others, ...(whitelist === undefined ? {} : { whitelist }) });
    const { object } = request;
    if (answer.allowed && !request.dryRun && object) {
      const set = convertSidecarSet(object, SidecarSets.apiVersion) as SidecarSet;
      await this.#scope?.cover(scopeRule("SidecarSet", set, this.#rules.policies.SidecarSet));
      this.#expected.expect(set, lister.get({ name: set.metadata.name ?? "" }));
    }
    return answer;
  }
}
