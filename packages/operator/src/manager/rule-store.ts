import type { KubeObject } from "@outrigger/kit/api";
import type { HandlerRegistration, Informer } from "@outrigger/kit/cache";
import { compileRules, type RuleOptions, type Rules } from "../pipeline/index.ts";
import type { RuleKind } from "../pod/index.ts";
import type { PodDefaults } from "../poddefaults/index.ts";
import { FAILURE_POLICY_ANNOTATION, type SidecarSet } from "../sidecarset/index.ts";
import { type InjectionTemplate, parseTemplate } from "../templates/index.ts";
import { TEMPLATE_KEY } from "./names.ts";
import type { ScopeRule } from "./scope.ts";

export interface RuleInformers {
  readonly sidecarSets: Informer;
  readonly podDefaults: Informer;
  readonly templates: Informer;
}

/** What becomes of pods while no manager answers, by the kind of the rule. */
export type FailurePolicies = Readonly<Record<RuleKind, "Fail" | "Ignore">>;

/** A pod without its sidecar is seldom what its SidecarSet's author wants; a pod without a default label often is better than none. */
const FAILURE_POLICIES: FailurePolicies = { SidecarSet: "Fail", PodDefaults: "Ignore", Template: "Fail" };

/**
 * The rules of the cluster, as the informers see them, compiled when they are first asked for after a change.
 *
 * Guarantees
 * - A template that cannot be read leaves its last good version in force, and is reported once.
 * - `changed` is called after each change of a rule, in order, with the rules already readable.
 */
export class RuleStore {
  readonly #informers: RuleInformers;
  readonly #options: RuleOptions;
  readonly #report: (line: string) => void;
  readonly policies: FailurePolicies;
  readonly #templates = new Map<string, InjectionTemplate>();
  readonly #registrations: HandlerRegistration[] = [];
  #compiled: Rules | undefined;

  constructor(informers: RuleInformers, options: RuleOptions, report: (line: string) => void, policies: Partial<FailurePolicies> = {}) {
    this.#informers = informers;
    this.#options = options;
    this.#report = report;
    this.policies = { ...FAILURE_POLICIES, ...policies };
  }

  /** Resolves when every rule that was there at the start is known; nothing once that is so. */
  settled(): Promise<unknown> | undefined {
    if (this.#registrations.every((registration) => registration.hasSynced())) return undefined;
    return Promise.all(this.#registrations.map((registration) => registration.synced()));
  }

  /** Starts to follow the informers; call once. */
  follow(changed: () => void): void {
    const forget = (): void => {
      this.#compiled = undefined;
      changed();
    };
    for (const informer of [this.#informers.sidecarSets, this.#informers.podDefaults]) {
      this.#registrations.push(informer.addHandler({ onAdd: forget, onUpdate: forget, onDelete: forget }));
    }
    const read = (object: unknown): void => {
      this.#readTemplate(object as KubeObject);
      forget();
    };
    this.#registrations.push(
      this.#informers.templates.addHandler({
        onAdd: read,
        onUpdate: read,
        onDelete: (object) => {
          this.#templates.delete(object.metadata.name);
          forget();
        },
      }),
    );
  }

  get rules(): Rules {
    this.#compiled ??= compileRules(
      { sidecarSets: this.#sidecarSets, podDefaults: this.#podDefaults, templates: [...this.#templates.values()] },
      this.#options,
    );
    return this.#compiled;
  }

  /** What the webhook's scope is computed from. */
  get scopeRules(): ScopeRule[] {
    const { optIn } = this.rules;
    const { policies } = this;
    const templates = this.#templates.size > 0;
    return [
      ...this.#sidecarSets.map((set) => scopeRule("SidecarSet", set, policies.SidecarSet)),
      ...this.#podDefaults.map((defaults) => scopeRule("PodDefaults", defaults, policies.PodDefaults)),
      ...(templates
        ? [
            // A word that means no is the engine's to read: a label that is there at all may mean yes.
            {
              rule: "Template/namespace",
              failurePolicy: policies.Template,
              namespaceSelector: { matchExpressions: [{ key: optIn.namespaceLabel, operator: "Exists" }] },
            },
            { rule: "Template/pod", failurePolicy: policies.Template, podKey: optIn.podKey },
          ]
        : []),
    ];
  }

  get #sidecarSets(): readonly SidecarSet[] {
    return this.#informers.sidecarSets.lister.list() as unknown as readonly SidecarSet[];
  }

  get #podDefaults(): readonly PodDefaults[] {
    return this.#informers.podDefaults.lister.list() as unknown as readonly PodDefaults[];
  }

  #readTemplate(configMap: KubeObject): void {
    const name = configMap.metadata.name ?? "";
    const text = (configMap["data"] as Record<string, string> | undefined)?.[TEMPLATE_KEY];
    if (text === undefined) {
      this.#report(`ConfigMap ${name} has no ${TEMPLATE_KEY}: ${this.#kept(name)}`);
      return;
    }
    try {
      this.#templates.set(name, parseTemplate(name, text));
    } catch (error) {
      this.#report(`ConfigMap ${name}, ${TEMPLATE_KEY}: ${(error as Error).message}; ${this.#kept(name)}`);
    }
  }

  #kept(name: string): string {
    return this.#templates.has(name) ? "its last good version stays in force" : "it is not in force";
  }
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
