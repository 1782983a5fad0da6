import {
  type GroupVersionKind,
  type GroupVersionResource,
  type KubeObject,
  type LabelSelector,
  labelSelector,
  type Selector,
} from "@outrigger/kit/api";
import { type AdmissionAttributes, type ClusterReader, internal, type ServedResource } from "../registry/index.ts";
import type { WebhookClientConfig } from "./caller.ts";
import { compileConditions, type MatchCondition, type MatchConditions } from "./match-conditions.ts";

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly operations?: readonly string[];
  readonly resources?: readonly string[];
  readonly scope?: string;
}
interface WebhookFields {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules?: readonly Rule[];
  readonly failurePolicy?: "Fail" | "Ignore";
  readonly matchPolicy?: "Exact" | "Equivalent";
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly matchConditions?: readonly MatchCondition[];
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions?: readonly string[];
  readonly reinvocationPolicy?: string;
}

/** One webhook of a configuration, ready to be matched. */
export interface Hook {
  readonly uid: string;
  readonly configuration: string;
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly ignoreFailure: boolean;
  readonly seconds: number;
  readonly reviewVersion: "v1" | "v1beta1" | undefined;
  readonly allowsDryRun: boolean;
  readonly reinvoked: boolean;
  /** `undefined` where it selects everything. */
  readonly namespaceSelector: Pick<Selector, "matches"> | undefined;
  readonly objectSelector: Pick<Selector, "matches"> | undefined;
  readonly conditions: MatchConditions | undefined;
}

/** A hook whose rules match, and the form of the object that they ask for. */
export interface Candidate {
  readonly hook: Hook;
  /** The resource that a rule names: the request's own, or an equivalent one. */
  readonly resource: GroupVersionResource;
  readonly kind: GroupVersionKind;
  readonly equivalent: boolean;
}

/** All versions in which a resource is served. */
export type ServedVersions = (group: string, plural: string) => readonly ServedResource[];

const GROUP = "admissionregistration.k8s.io";
const DEFAULT_SECONDS = 10;
/** Never sent: a webhook that refuses these could not be taken away. */
const EXEMPT = new Set([
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
]);
const NONE: readonly Candidate[] = [];

/**
 * The webhooks of all configurations of one kind, by configuration name and then as written.
 *
 * Configurations are compiled when one of them changed, and which hooks a kind of request can concern is worked out
 * once: a request that no rule names costs one look into a map.
 */
export class HookSet {
  readonly #reader: ClusterReader;
  readonly #served: ServedVersions;
  readonly #plural: string;
  #version = "";
  #hooks: readonly { readonly hook: Hook; readonly rules: readonly Rule[]; readonly equivalent: boolean }[] = [];
  readonly #candidates = new Map<string, readonly Candidate[]>();

  constructor(reader: ClusterReader, served: ServedVersions, plural: "mutatingwebhookconfigurations" | "validatingwebhookconfigurations") {
    this.#reader = reader;
    this.#served = served;
    this.#plural = plural;
  }

  /** The hooks whose rules match, in the order in which they are called. */
  candidates(attributes: AdmissionAttributes): readonly Candidate[] {
    const { group, version, resource } = attributes.resource;
    if (group === GROUP && EXEMPT.has(resource)) return NONE;
    this.#refresh();
    if (this.#hooks.length === 0) return NONE;
    const { kind } = attributes;
    const key = `${attributes.operation} ${group}/${version}/${resource}/${attributes.subresource} ${kind.group}/${kind.version}/${kind.kind}`;
    let found = this.#candidates.get(key);
    if (found === undefined) {
      found = this.#match(attributes);
      this.#candidates.set(key, found);
    }
    return found;
  }

  #refresh(): void {
    const configurations = this.#reader.version(GROUP, this.#plural);
    const version = `${configurations} ${this.#reader.version("apiextensions.k8s.io", "customresourcedefinitions")}`;
    if (version === this.#version) return;
    if (!this.#version.startsWith(`${configurations} `)) this.#compile();
    this.#candidates.clear();
    this.#version = version;
  }

  #compile(): void {
    const name = (object: KubeObject): string => object.metadata.name ?? "";
    const inOrder = [...this.#reader.list(GROUP, this.#plural)].sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0));
    this.#hooks = inOrder.flatMap((configuration) =>
      ((configuration["webhooks"] as readonly WebhookFields[] | undefined) ?? []).map((fields, index) => ({
        hook: compileHook(name(configuration), index, fields),
        rules: fields.rules ?? [],
        equivalent: fields.matchPolicy !== "Exact",
      })),
    );
  }

  #match(attributes: AdmissionAttributes): readonly Candidate[] {
    const { resource, kind, subresource } = attributes;
    const others = this.#served(resource.group, resource.resource).filter(({ version }) => version !== resource.version);
    return this.#hooks.flatMap(({ hook, rules, equivalent }): Candidate[] => {
      if (rules.some((rule) => matches(rule, attributes, resource))) return [{ hook, resource, kind, equivalent: false }];
      if (!equivalent) return [];
      for (const rule of rules) {
        for (const other of others) {
          const named = { group: other.group, version: other.version, resource: other.plural };
          if (!matches(rule, attributes, named)) continue;
          const {
            kind: otherKind,
            group = other.group,
            version = other.version,
          } = subresource ? (other.subresources[subresource] ?? other) : other;
          return [{ hook, resource: named, kind: { group, version, kind: otherKind }, equivalent: true }];
        }
      }
      return [];
    });
  }
}

function compileHook(configuration: string, index: number, fields: WebhookFields): Hook {
  const versions = fields.admissionReviewVersions ?? [];
  const ignoreFailure = fields.failurePolicy === "Ignore";
  return {
    uid: `${configuration}/${fields.name}/${index}`,
    configuration,
    name: fields.name,
    clientConfig: fields.clientConfig,
    ignoreFailure,
    seconds: fields.timeoutSeconds ?? DEFAULT_SECONDS,
    reviewVersion: versions.find((version) => version === "v1" || version === "v1beta1") as Hook["reviewVersion"],
    allowsDryRun: fields.sideEffects === "None" || fields.sideEffects === "NoneOnDryRun",
    reinvoked: fields.reinvocationPolicy === "IfNeeded",
    namespaceSelector: compileSelector(fields.namespaceSelector),
    objectSelector: compileSelector(fields.objectSelector),
    conditions: fields.matchConditions?.length ? compileConditions(fields.matchConditions) : undefined,
  };
}

/** A selector that cannot be read (validation refuses those) refuses every request that it would have to judge. */
function compileSelector(selector: LabelSelector | undefined): Pick<Selector, "matches"> | undefined {
  try {
    const compiled = labelSelector(selector);
    return compiled.empty ? undefined : compiled;
  } catch (error) {
    return {
      matches() {
        throw internal((error as Error).message);
      },
    };
  }
}

// After `k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules`.
function matches(rule: Rule, { operation, scope, subresource }: AdmissionAttributes, resource: GroupVersionResource): boolean {
  const wildcard = (list: readonly string[] | undefined, value: string): boolean =>
    list?.some((item) => item === "*" || item === value) ?? false;
  return (
    (rule.scope === undefined || rule.scope === "*" || rule.scope === scope) &&
    wildcard(rule.operations, operation) &&
    wildcard(rule.apiGroups, resource.group) &&
    wildcard(rule.apiVersions, resource.version) &&
    (rule.resources?.some((pattern) => {
      const [name, sub = ""] = pattern.split("/", 2);
      return (name === "*" || name === resource.resource) && (sub === "*" || sub === subresource);
    }) ??
      false)
  );
}
