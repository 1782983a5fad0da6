import { type KubeObject, type LabelSelector, labelSelector, type Selector } from "@outrigger/kit/api";
import { type AdmissionAttributes, type ClusterReader, internal, type MatchCondition, type Rule } from "../registry/index.ts";
import type { WebhookClientConfig } from "./caller.ts";
import { compileConditions, type MatchConditions } from "./match-conditions.ts";
import { EXEMPT, matchRules, type RuleMatch, type ServedVersions } from "./rules.ts";

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

export { matchRules, type ServedVersions };

/** One webhook of a configuration, ready to be matched. */
export interface Hook {
  readonly uid: string;
  /** Its place among the webhooks of all configurations. */
  readonly place: number;
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
export interface Candidate extends RuleMatch {
  readonly hook: Hook;
}

const GROUP = "admissionregistration.k8s.io";
const DEFAULT_SECONDS = 10;
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
    let place = 0;
    this.#hooks = byName(this.#reader.list(GROUP, this.#plural)).flatMap((configuration) =>
      ((configuration["webhooks"] as readonly WebhookFields[] | undefined) ?? []).map((fields, index) => ({
        hook: compileHook(nameOf(configuration), index, place++, fields),
        rules: fields.rules ?? [],
        equivalent: fields.matchPolicy !== "Exact",
      })),
    );
  }

  #match(attributes: AdmissionAttributes): readonly Candidate[] {
    return this.#hooks.flatMap(({ hook, rules, equivalent }): Candidate[] => {
      const found = matchRules(rules, equivalent, attributes, this.#served);
      return found ? [{ hook, ...found }] : [];
    });
  }
}

/** Cluster-scoped objects by name: the order in which webhooks and policies take their turn. */
export function byName(objects: readonly KubeObject[]): KubeObject[] {
  return [...objects].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
}
const nameOf = ({ metadata }: KubeObject): string => metadata.name ?? "";

function compileHook(configuration: string, index: number, place: number, fields: WebhookFields): Hook {
  const versions = fields.admissionReviewVersions ?? [];
  const ignoreFailure = fields.failurePolicy === "Ignore";
  return {
    uid: `${configuration}/${fields.name}/${index}`,
    place,
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
export function compileSelector(selector: LabelSelector | undefined): Pick<Selector, "matches"> | undefined {
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
