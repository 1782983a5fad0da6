import type { KubeObject } from "@outrigger/kit/api";
import type { Informer } from "@outrigger/kit/cache";
import { compileRules, type RuleOptions, type Rules } from "../pipeline/index.ts";
import type { RuleKind } from "../pod/index.ts";
import type { PodDefaults } from "../poddefaults/index.ts";
import { FAILURE_POLICY_ANNOTATION, REVISION_SET_LABEL, type SetRevision, type SidecarSet } from "../sidecarset/index.ts";
import { type InjectionTemplate, readTemplate, TEMPLATE_KEY, templateSettings } from "../templates/index.ts";
import type { ScopeRule } from "./scope.ts";

export interface RuleInformers {
  readonly sidecarSets: Informer;
  readonly podDefaults: Informer;
  readonly templates: Informer;
  /** Revisions of SidecarSets. */
  readonly revisions: Informer;
}

/** Told of a rule's object that cannot be used, and why. */
export type RuleReport = (object: KubeObject, problem: string) => void;

/** What becomes of pods while no manager answers, by the kind of the rule. */
export type FailurePolicies = Readonly<Record<RuleKind, "Fail" | "Ignore">>;

/** A pod without its sidecar is seldom what its SidecarSet's author wants; a pod without a default label often is better than none. */
const FAILURE_POLICIES: FailurePolicies = { SidecarSet: "Fail", PodDefaults: "Ignore", Template: "Fail" };

/**
 * The rules of the cluster, as the informers' stores have them, compiled when they are first asked for after a change.
 *
 * Guarantees
 * - `rules` is as new as the stores at the moment of the call, but for templates that are being read: see `reading`.
 * - A template that cannot be read leaves its last good version in force, and is reported once.
 * - `changed` is called after each change of a rule, with the rules already readable; not for a change of a status.
 */
export class RuleStore {
  readonly #informers: RuleInformers;
  readonly #options: RuleOptions;
  readonly #report: RuleReport;
  readonly policies: FailurePolicies;
  readonly #templates = new Map<string, ReadTemplate>();
  readonly #ends: (() => void)[] = [];
  #compiled: Rules | undefined;
  /** The stores have moved since the rules were compiled: by a rule, or by something else. */
  #moved = true;
  #signature = "";
  readonly #reading = new Set<Promise<void>>();
  #changed: () => void = () => {};

  constructor(informers: RuleInformers, options: RuleOptions, report: RuleReport, policies: Partial<FailurePolicies> = {}) {
    this.#informers = informers;
    this.#options = options;
    this.#report = report;
    this.policies = { ...FAILURE_POLICIES, ...policies };
  }

  /** Starts to follow the informers; call once. */
  follow(changed: () => void): void {
    this.#changed = changed;
    let telling = false;
    let told = this.#signature;
    const moved = (): void => {
      this.#moved = true;
      if (telling) return;
      telling = true;
      // Once for all that comes in one piece.
      setImmediate(() => {
        telling = false;
        if (this.#moved) this.#look();
        if (this.#signature === told) return;
        told = this.#signature;
        changed();
      });
    };
    this.#ends.push(...Object.values(this.#informers).map((informer: Informer) => informer.onProgress(moved)));
  }

  stop(): void {
    for (const end of this.#ends) end();
  }

  /** Resolves when no long template is being read; `undefined` where none is, as nearly always. */
  get reading(): Promise<unknown> | undefined {
    if (this.#moved) this.#look();
    return this.#reading.size === 0 ? undefined : Promise.all(this.#reading);
  }

  get rules(): Rules {
    if (this.#moved) this.#look();
    this.#compiled ??= compileRules(
      {
        sidecarSets: this.#sidecarSets,
        podDefaults: this.#podDefaults,
        revisions: this.#pinned,
        templates: [...this.#templates.values()].flatMap(({ template }) => template ?? []),
      },
      this.#options,
    );
    return this.#compiled;
  }

  /** Forgets the compiled rules when one has changed. */
  #look(): void {
    this.#moved = false;
    const templates = this.#informers.templates.lister.list() as unknown as readonly KubeObject[];
    const signature = [...this.#sidecarSets, ...this.#podDefaults, ...templates, ...this.#pinned].map(signatureOf).join("\n");
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.#compiled = undefined;
    const names = new Set(templates.map(({ metadata }) => metadata.name));
    for (const name of this.#templates.keys()) if (!names.has(name)) this.#templates.delete(name);
    for (const template of templates) this.#readTemplate(template);
  }

  /** What the webhook's scope is computed from. */
  get scopeRules(): ScopeRule[] {
    const { optIn, invalid } = this.rules;
    const { policies } = this;
    const templates = [...this.#templates.values()].some(({ template }) => template !== undefined);
    // A rule that cannot be used acts on no pod, and no pod is sent for it.
    const used = (kind: string, { metadata }: SidecarSet | PodDefaults): boolean =>
      !invalid.some((one) => one.kind === kind && one.rule === metadata.name);
    return [
      ...this.#sidecarSets.filter((set) => used("SidecarSet", set)).map((set) => scopeRule("SidecarSet", set, policies.SidecarSet)),
      ...this.#podDefaults.filter((one) => used("PodDefaults", one)).map((one) => scopeRule("PodDefaults", one, policies.PodDefaults)),
      ...(templates
        ? [
            // A word that means no is the engine's to read: a label that is there at all may mean yes.
            ...optIn.namespaceLabels.map((key) => ({
              rule: `Template/namespace/${key}`,
              failurePolicy: policies.Template,
              namespaceSelector: { matchExpressions: [{ key, operator: "Exists" }] },
            })),
            ...optIn.podKeys.map((podKey) => ({ rule: `Template/pod/${podKey}`, failurePolicy: policies.Template, podKey })),
          ]
        : []),
    ];
  }

  get #sidecarSets(): readonly SidecarSet[] {
    return this.#informers.sidecarSets.lister.list() as unknown as readonly SidecarSet[];
  }

  /** Revisions of sets that pin one. */
  get #pinned(): readonly SetRevision[] {
    const pinning = new Set(this.#sidecarSets.flatMap(({ metadata, spec }) => (spec.injectionStrategy?.revision ? [metadata.name] : [])));
    if (pinning.size === 0) return [];
    const revisions = this.#informers.revisions.lister.list() as unknown as readonly SetRevision[];
    return revisions.filter(({ metadata }) => pinning.has(metadata.labels?.[REVISION_SET_LABEL]));
  }

  get #podDefaults(): readonly PodDefaults[] {
    return this.#informers.podDefaults.lister.list() as unknown as readonly PodDefaults[];
  }

  #readTemplate(configMap: KubeObject): void {
    const { name = "", resourceVersion = "" } = configMap.metadata;
    const before = this.#templates.get(name);
    if (before?.version === resourceVersion) return;
    const read: ReadTemplate = { version: resourceVersion, template: before?.template };
    this.#templates.set(name, read);
    const failed = (why: string): void =>
      this.#report(configMap, `${why}; ${read.template === undefined ? "it is not in force" : "its last good version stays in force"}`);
    const text = (configMap["data"] as Record<string, string> | undefined)?.[TEMPLATE_KEY];
    if (text === undefined) {
      failed(`has no ${TEMPLATE_KEY}`);
      return;
    }
    const { read: settings, problems } = templateSettings(configMap.metadata.annotations ?? {});
    const take = (template: InjectionTemplate): void => {
      read.template = { ...template, ...settings };
      for (const { annotation, message } of problems) this.#report(configMap, `annotation ${annotation}: ${message}; it says nothing`);
    };
    const refuse = (error: unknown): void => failed(`${TEMPLATE_KEY}: ${(error as Error).message}`);
    try {
      const template = readTemplate(name, text);
      if (template instanceof Promise) this.#await(template, take, refuse);
      else take(template);
    } catch (error) {
      refuse(error);
    }
  }

  #await(reading: Promise<InjectionTemplate>, take: (template: InjectionTemplate) => void, refuse: (error: unknown) => void): void {
    const done = reading
      .then((template) => {
        take(template);
        this.#compiled = undefined;
        this.#changed();
      })
      .catch(refuse)
      .finally(() => this.#reading.delete(done));
    this.#reading.add(done);
  }
}

interface ReadTemplate {
  readonly version: string;
  template: InjectionTemplate | undefined;
}

/** Another one for another rule; of a status only the name of the latest revision counts, which pods carry. */
function signatureOf({ metadata, kind, status }: KubeObject & { readonly status?: { readonly latestRevision?: string } }): string {
  const { uid, generation, resourceVersion, labels, annotations } = metadata as KubeObject["metadata"] & { readonly generation?: number };
  return JSON.stringify([kind, metadata.name, uid, generation ?? resourceVersion, labels, annotations, status?.latestRevision]);
}

/** What the scope needs to know of a rule object. */
export function scopeRule(kind: string, object: SidecarSet | PodDefaults, byDefault: "Fail" | "Ignore"): ScopeRule {
  const asked = object.metadata.annotations?.[FAILURE_POLICY_ANNOTATION];
  const { selector, namespaceSelector } = object.spec;
  return {
    rule: `${kind}/${object.metadata.name}`,
    failurePolicy: asked === "Fail" || asked === "Ignore" ? asked : byDefault,
    ...(selector ? { selector } : {}),
    ...(namespaceSelector ? { namespaceSelector } : {}),
  };
}
