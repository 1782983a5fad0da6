import type { KubeObject, LabelSelector } from "@outrigger/kit/api";
import type { Informer } from "@outrigger/kit/cache";
import { StatusError } from "@outrigger/kit/client";
import { ConfigMap, LimitRange, Namespace, Pod } from "@outrigger/kit/kinds";
import { eventRecorder, type WritingEventRecorder } from "@outrigger/kit/manager";
import type { MetricFamily } from "@outrigger/kit/metrics";
import {
  type AdmissionAnswer,
  type AdmissionRequest,
  clientConfig,
  convert,
  mutate,
  type ReviewContext,
  validate,
  type Webhook,
} from "@outrigger/kit/webhook";
import { mutatePod, mutateSidecarSet, validateSidecarSet, validateTemplate } from "../admission/index.ts";
import {
  configurationRights,
  type Feature,
  type FeatureContext,
  type Observed as ObservedObjects,
  type RunningFeature,
} from "../feature/index.ts";
import { Injections, MissedPods, rolloutFamilies } from "../figures/index.ts";
import { type Decision, type Rules, withoutSidecarSets } from "../pipeline/index.ts";
import type { Pod as InjectedPod } from "../pod/index.ts";
import { PodDefaultsKind } from "../poddefaults/index.ts";
import { rolloutController } from "../rollout/index.ts";
import { type SeenPod, seenPod } from "../seen-pod/index.ts";
import { convertSidecarSet, type SidecarSet, SidecarSets, sidecarSetCrd } from "../sidecarset/index.ts";
import { TEMPLATE_LABEL, WITH_ISTIO_OPT_IN } from "../templates/index.ts";
import { Announced } from "./announced.ts";
import { Coalesced } from "./coalesced.ts";
import { PATHS, POD_CONFIGURATION, podConfiguration, podWebhook, sidecarSetConfigurations } from "./configuration.ts";
import { deadlineOf, inTime } from "./deadline.ts";
import { Freshness } from "./freshness.ts";
import { Kruise } from "./kruise.ts";
import { LastingScope } from "./lasting-scope.ts";
import { containerDefaults } from "./limit-ranges.ts";
import { NamespaceLabels } from "./namespace-labels.ts";
import { NativeSidecars } from "./native-sidecars.ts";
import { pinIsThere, revisionInformer, revisionRead, revisionSource } from "./pinned-revisions.ts";
import { type FailurePolicies, RuleStore, scopeRule } from "./rule-store.ts";
import { templateConfiguration } from "./rule-webhooks.ts";
import { type ScopeEntry, wideEntry } from "./scope.ts";
import { metadataWhitelist, patchesMetadata, WHITELIST_RIGHT } from "./whitelist.ts";
import { WIDE_UNTIL_ANNOTATION, WideScope, wideUntil } from "./wide-scope.ts";

const SIDECAR_SET_DEFINITION = "sidecarsets.apps.kruise.io";
const ADMISSION = { apiGroups: ["admissionregistration.k8s.io"] };

export interface InjectionOptions {
  /** The manager's own namespace: templates are there, and its pods get nothing injected. */
  readonly namespace: string;
  readonly excludedNamespaces: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Istio's labels and annotation choose pods for templates as well. Default: no. */
  readonly istioLabels?: boolean | undefined;
  /** Where it does not select a namespace, pods there are not sent to us. Default: every namespace. */
  readonly namespaceSelector?: LabelSelector | undefined;
  /** What becomes of pods while no manager answers, where a rule does not say it itself. */
  readonly failurePolicies?: Partial<FailurePolicies> | undefined;
}

/** What is decided about pods as they are made: SidecarSets, templates and PodDefaults, and the definition of the first. */
export function injection(options: InjectionOptions): Feature {
  const kruise = new Kruise();
  return {
    name: "injection",
    definitions: (webhook) => [sidecarSetCrd(clientConfig(webhook, PATHS.convert))],
    reads: [
      { resource: Namespace },
      { resource: LimitRange },
      { resource: SidecarSets },
      { resource: PodDefaultsKind },
      { resource: ConfigMap, options: templates(options) },
      revisionRead(options.namespace),
      kruise.read,
    ],
    controllers: [rolloutController({ ...options, obstacle: () => kruise.obstacle })],
    configurations: (webhook) => [...sidecarSetConfigurations(webhook), templateConfiguration(webhook, options.namespace)],
    permissions: [
      ...configurationRights("MutatingWebhookConfiguration", POD_CONFIGURATION),
      // Looked at before it is opened for all pods; see `wide-scope.ts`.
      { ...ADMISSION, resources: ["mutatingwebhookconfigurations"], resourceNames: [POD_CONFIGURATION], verbs: ["get"] },
      WHITELIST_RIGHT,
    ],
    run: (context) => new Injection(options, context, kruise),
  };
}

function templates({ namespace }: InjectionOptions): { readonly namespace: string; readonly labelSelector: string } {
  return { namespace, labelSelector: TEMPLATE_LABEL };
}

/** An Event's message has at most so many bytes. */
const MAX_EVENT = 1000;

class Injection implements RunningFeature {
  readonly handlers: readonly Webhook[];
  readonly #context: FeatureContext;
  readonly #kruise: Kruise;
  readonly #namespace: string;
  readonly #excluded: readonly string[];
  readonly #rules: RuleStore;
  readonly #freshness: Freshness;
  readonly #announced = new Announced();
  readonly #events: WritingEventRecorder;
  readonly #scope: LastingScope;
  readonly #wide: WideScope;
  readonly #wideEntry: ScopeEntry;
  readonly #injections = new Injections();
  readonly #missed: MissedPods;
  readonly #decided = ({ reasons }: Decision): void => this.#injections.count(reasons);
  readonly #namespaces: NamespaceLabels;
  /** Looked up once: pods are reviewed often. */
  readonly #limitRanges: Informer;
  readonly #whitelist: Coalesced<string | undefined>;
  readonly #nativeSidecars: NativeSidecars;
  #narrowing: NodeJS.Timeout | undefined;
  #wideUntil = 0;

  constructor(options: InjectionOptions, context: FeatureContext, kruise: Kruise) {
    this.#context = context;
    this.#kruise = kruise;
    this.#namespace = options.namespace;
    const { client, informers, changed, report, webhook } = context;
    this.#events = eventRecorder(client, { component: "outrigger-manager" });
    this.#excluded = [...new Set([...options.excludedNamespaces, options.namespace])];
    this.handlers = [
      mutate(PATHS.mutatePods, (request, review) => this.#pod(request, review)),
      mutate(PATHS.mutateSidecarSets, mutateSidecarSet),
      validate(PATHS.validateSidecarSets, (request, review) => this.#sidecarSet(request, review)),
      validate(PATHS.validateTemplates, validateTemplate),
      convert(PATHS.convert, (object, version) => convertSidecarSet(object, version)),
    ];
    const sources = {
      sidecarSets: informers.for(SidecarSets),
      podDefaults: informers.for(PodDefaultsKind),
      templates: informers.for(ConfigMap, templates(options)),
      revisions: revisionInformer(informers, options.namespace),
    };
    this.#rules = new RuleStore(
      sources,
      {
        environment: options.environment,
        excludedNamespaces: options.excludedNamespaces,
        ownNamespace: options.namespace,
        ...(options.istioLabels ? { optIn: WITH_ISTIO_OPT_IN } : {}),
      },
      (object, problem) => {
        report(`${object.kind} ${object.metadata.name}: ${problem}`);
        this.#events.event(object as never, "Invalid", problem.slice(0, MAX_EVENT), { type: "Warning" });
      },
      options.failurePolicies,
    );
    const { namespaceSelector } = options;
    this.#wideEntry = wideEntry(this.#excluded, namespaceSelector);
    this.#scope = new LastingScope({ excluded: this.#excluded, namespaceSelector, changed });
    this.#wide = new WideScope(client, () => podWebhook(this.#wideEntry, webhook()));
    this.#rules.follow(() => {
      this.#scope.set(this.#rules.scopeRules);
      changed();
    });
    kruise.follow(context);
    const namespaces = informers.for(Namespace) as unknown as Informer;
    this.#limitRanges = informers.for(LimitRange) as unknown as Informer;
    this.#namespaces = new NamespaceLabels(client, namespaces);
    this.#freshness = new Freshness(
      client,
      [
        { informer: sources.sidecarSets as unknown as Informer },
        { informer: sources.podDefaults as unknown as Informer },
        { informer: sources.templates as unknown as Informer, options: templates(options) },
        revisionSource(sources.revisions, options.namespace),
        { informer: namespaces, onlyAfterBreak: true },
        kruise.source,
      ],
      { doubt: () => this.#announced.mayCome },
    );
    const seen = (object: object): void => this.#announced.seen(object as SidecarSet);
    informers.for(SidecarSets).addHandler({ onAdd: seen, onUpdate: seen });
    const pods = informers.for(Pod, { transform: seenPod });
    this.#missed = new MissedPods({
      pods: () => pods.lister.list() as unknown as readonly SeenPod[],
      whole: ({ metadata: { namespace, name } }) => client.find(Pod, { namespace, name }) as Promise<InjectedPod | undefined>,
      rules: () => this.#inForce,
      namespaceLabels: (name) => this.#namespaces.known(name) ?? {},
      madeAt: (kind, rule) => this.#madeAt(kind, rule),
    });
    this.#whitelist = new Coalesced(() => metadataWhitelist(client), 100);
    this.#nativeSidecars = new NativeSidecars(client);
  }

  /** Sends pods to us: those that the rules can match, and all while the scope is wide. */
  configurations(observed: ObservedObjects): KubeObject[] {
    this.#scope.set(this.#rules.scopeRules);
    // Remembered too: whoever deletes the object does not narrow the scope.
    const seen = wideUntil(observed("MutatingWebhookConfiguration", POD_CONFIGURATION));
    if (seen > 0) this.#wideUntil = seen;
    const until = this.#wideUntil > Date.now() ? this.#wideUntil : 0;
    clearTimeout(this.#narrowing);
    if (until > 0) this.#narrowing = setTimeout(() => this.#context.changed(), until - Date.now() + 1).unref();
    const entries = [...this.#scope.entries(), ...(until > 0 ? [this.#wideEntry] : [])];
    const configuration = podConfiguration(entries, this.#context.webhook(), this.#excluded, this.#rules.rules.optIn === WITH_ISTIO_OPT_IN);
    return [until > 0 ? annotated(configuration, WIDE_UNTIL_ANNOTATION, new Date(until).toISOString()) : configuration];
  }

  refused({ metadata }: KubeObject, error: unknown): boolean {
    const temporary = !(error instanceof StatusError) || error.statusCode >= 500 || [401, 403, 409, 429].includes(error.statusCode);
    if (metadata.name !== POD_CONFIGURATION || temporary || !this.#scope.coarsen()) return false;
    this.#context.report(`the webhook configuration for pods was refused: ${error.message}; until the rules change all pods are sent`);
    return true;
  }

  async metrics(): Promise<readonly MetricFamily[]> {
    const sets = this.#context.informers.for(SidecarSets).lister.list() as unknown as readonly SidecarSet[];
    return [...this.#injections.families(), ...rolloutFamilies(sets), ...(await this.#missed.families()), this.#kruise.family];
  }

  /** Kruise's conversion webhook is in the definition while its manager runs, which would write it back each time. */
  leavesAlone({ kind, metadata }: KubeObject): boolean {
    return kind === "CustomResourceDefinition" && metadata.name === SIDECAR_SET_DEFINITION && this.#kruise.active !== undefined;
  }

  /** The rules that act on pods. */
  get #inForce(): Rules {
    const { rules } = this.#rules;
    return this.#kruise.isActive ? withoutSidecarSets(rules) : rules;
  }

  #madeAt(kind: string, name: string): string | undefined {
    const { informers } = this.#context;
    if (kind === "SidecarSet") return informers.for(SidecarSets).lister.get({ name })?.metadata.creationTimestamp;
    return kind === "PodDefaults" ? informers.for(PodDefaultsKind).lister.get({ name })?.metadata.creationTimestamp : undefined;
  }

  unready(): string | undefined {
    return this.#freshness.trouble;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#narrowing);
    this.#scope.stop();
    this.#rules.stop();
    await this.#events.stop();
  }

  /** At once where all is known, as it nearly always is. */
  #pod(request: AdmissionRequest, review: ReviewContext): AdmissionAnswer | Promise<AdmissionAnswer> {
    const labels = this.#namespaces.known(request.namespace ?? "");
    if (labels !== undefined && this.#freshness.isFresh && this.#rules.reading === undefined) return this.#decide(request, labels);
    return this.#podLater(request, deadlineOf(review));
  }

  async #podLater(request: AdmissionRequest, deadline: number): Promise<AdmissionAnswer> {
    if (!this.#freshness.isFresh) await this.#freshness.wait(deadline);
    const { reading } = this.#rules;
    if (reading !== undefined) await inTime(reading, deadline, "a template is still being read");
    return this.#decide(request, await this.#namespaces.find(request.namespace ?? "", deadline));
  }

  #decide(request: AdmissionRequest, namespaceLabels: Readonly<Record<string, string>>): AdmissionAnswer {
    const ranges = this.#limitRanges.lister.list({ namespace: request.namespace ?? "" });
    const decided = request.dryRun ? {} : { decided: this.#decided };
    const around = { namespaceLabels, containerDefaults: containerDefaults(ranges), now: new Date(), ...decided };
    return mutatePod(request, this.#inForce, around);
  }

  async #sidecarSet(request: AdmissionRequest, review: ReviewContext): Promise<AdmissionAnswer> {
    const deadline = deadlineOf(review);
    // Sets of one `kubectl apply` are judged beside each other.
    if (!this.#freshness.isFresh) await this.#freshness.wait(deadline);
    const { lister } = this.#context.informers.for(SidecarSets);
    const others = lister.list() as unknown as readonly SidecarSet[];
    const whitelist = patchesMetadata(request.object)
      ? await inTime(this.#whitelist.ask(), deadline, "kruise's configuration could not be read in time")
      : undefined;
    const pinned = pinIsThere(this.#context.client, request.object, this.#namespace);
    const revisionFound = await inTime(pinned, deadline, "the set's revisions could not be read in time");
    const version = this.#nativeSidecars.supportedFor(request.object);
    const nativeSidecars = await inTime(version, deadline, "the API server's version could not be read in time");
    const answer = validateSidecarSet(request, {
      others,
      ...(whitelist === undefined ? {} : { whitelist }),
      ...(revisionFound === undefined ? {} : { revisionFound }),
      ...(nativeSidecars === undefined ? {} : { nativeSidecars }),
    });
    const { object } = request;
    const { obstacle } = this.#kruise;
    if (answer.allowed && obstacle !== undefined) return { ...answer, warnings: [...(answer.warnings ?? []), obstacle] };
    if (answer.allowed && !request.dryRun && object) {
      const set = convertSidecarSet(object, SidecarSets.apiVersion) as SidecarSet;
      this.#announced.announce(set, lister.get({ name: set.metadata.name ?? "" }));
      if (!this.#scope.covers(scopeRule("SidecarSet", set, this.#rules.policies.SidecarSet)))
        await inTime(this.#wide.open(), deadline, "pods that the set matches could not be sent to the manager in time");
    }
    return answer;
  }
}

function annotated(object: KubeObject, key: string, value: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [key]: value } } };
}
