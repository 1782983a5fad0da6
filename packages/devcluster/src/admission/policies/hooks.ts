import type { KubeObject } from "@outrigger/kit/api";
import type { AdmissionAttributes, BindingSpec, ClusterReader, Decide, MatchResources, PolicySpec } from "../../registry/index.ts";
import { byName, compileSelector, matchRules, type ServedVersions } from "../hooks.ts";
import { selects } from "../match.ts";
import { EXEMPT, type RuleMatch } from "../rules.ts";

const GROUP = "admissionregistration.k8s.io";

export interface PolicyParts {
  readonly reader: ClusterReader;
  readonly served: ServedVersions;
  /** The resource that serves a kind; for the parameters of policies. */
  readonly resourceOfKind: (
    group: string,
    version: string,
    kind: string,
  ) => { readonly plural: string; readonly scope: string } | undefined;
  readonly decide: Decide;
}

/** Which requests a policy or a binding is about. */
export interface Matcher {
  readonly rules: readonly Parameters<typeof matchRules>[0][number][];
  readonly excluded: readonly Parameters<typeof matchRules>[0][number][];
  readonly equivalent: boolean;
  readonly namespaceSelector: ReturnType<typeof compileSelector>;
  readonly objectSelector: ReturnType<typeof compileSelector>;
}

/** A policy that has bindings, compiled. */
export interface PolicyHook<Spec, Evaluator> {
  readonly name: string;
  readonly spec: Spec;
  readonly matcher: Matcher;
  readonly evaluator: Evaluator;
  readonly bindings: readonly { readonly name: string; readonly spec: BindingSpec; readonly matcher: Matcher | undefined }[];
}

type AnyPolicySpec = Pick<PolicySpec, "matchConstraints">;

/** The policies of one kind with their bindings, by name. Compiled when one of them changed. */
export class PolicySource<Spec extends AnyPolicySpec, Evaluator> {
  readonly #parts: PolicyParts;
  readonly #plural: string;
  readonly #compile: (spec: Spec) => Evaluator;
  #version = "";
  #hooks: readonly PolicyHook<Spec, Evaluator>[] = [];

  /** @param plural of the policies; that of their bindings is derived. */
  constructor(parts: PolicyParts, plural: "validatingadmissionpolicies" | "mutatingadmissionpolicies", compile: (spec: Spec) => Evaluator) {
    this.#parts = parts;
    this.#plural = plural;
    this.#compile = compile;
  }

  /** Policies that may judge the request; none for requests about policies and webhooks themselves. */
  hooks({ resource: { group, resource } }: AdmissionAttributes): readonly PolicyHook<Spec, Evaluator>[] {
    if (group === GROUP && EXEMPT.has(resource)) return [];
    this.#refresh();
    return this.#hooks;
  }

  #refresh(): void {
    const { reader } = this.#parts;
    const bindingsPlural = this.#plural.replace(/ies$/, "ybindings");
    const version = `${reader.version(GROUP, this.#plural)} ${reader.version(GROUP, bindingsPlural)}`;
    if (version === this.#version) return;
    this.#version = version;
    const bindings = byName(reader.list(GROUP, bindingsPlural)).map((binding) => {
      const spec = binding["spec"] as BindingSpec;
      return { name: binding.metadata.name ?? "", spec, matcher: spec.matchResources && matcherOf(spec.matchResources) };
    });
    this.#hooks = byName(reader.list(GROUP, this.#plural)).flatMap((object): PolicyHook<Spec, Evaluator>[] => {
      const spec = object["spec"] as Spec;
      const name = object.metadata.name ?? "";
      const own = bindings.filter((binding) => binding.spec.policyName === name);
      if (own.length === 0 || !spec.matchConstraints) return [];
      return [{ name, spec, matcher: matcherOf(spec.matchConstraints), evaluator: this.#compile(spec), bindings: own }];
    });
  }
}

/** The resource and kind by which a request is judged; `undefined` where the rules or selectors leave it out. */
export function matchRequest(matcher: Matcher, attributes: AdmissionAttributes, { reader, served }: PolicyParts): RuleMatch | undefined {
  const { namespaceSelector, objectSelector } = matcher;
  if (!selects({ namespaceSelector, objectSelector }, attributes, reader)) return undefined;
  if (matcher.excluded.length > 0 && matchRules(matcher.excluded, matcher.equivalent, attributes, served)) return undefined;
  // A binding without rules of its own takes what its policy takes.
  if (matcher.rules.length === 0) return { resource: attributes.resource, kind: attributes.kind, equivalent: false };
  return matchRules(matcher.rules, matcher.equivalent, attributes, served);
}

/** The request's namespace; null for cluster-scoped objects and for namespaces themselves. */
export function namespaceOf({ namespace, resource }: AdmissionAttributes, { reader }: PolicyParts): KubeObject | null {
  if (namespace === "" || (resource.group === "" && resource.resource === "namespaces")) return null;
  return reader.get("", "namespaces", { name: namespace }) ?? null;
}

function matcherOf({ resourceRules, excludeResourceRules, matchPolicy, namespaceSelector, objectSelector }: MatchResources): Matcher {
  return {
    rules: resourceRules ?? [],
    excluded: excludeResourceRules ?? [],
    equivalent: matchPolicy !== "Exact",
    namespaceSelector: compileSelector(namespaceSelector),
    objectSelector: compileSelector(objectSelector),
  };
}
