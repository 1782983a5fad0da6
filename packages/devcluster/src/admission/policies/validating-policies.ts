import { type KubeObject, labelSelector } from "@outrigger/kit/api";
import { CelError } from "@outrigger/kit/schema";
import {
  type AdmissionAttributes,
  authorizers,
  type BindingSpec,
  type ClusterReader,
  type Decide,
  type MatchResources,
  type ParamRef,
  type PolicySpec,
  StatusError,
  type Validation,
} from "../../registry/index.ts";
import type { AuditSink } from "../ask.ts";
import { VersionedForms } from "../forms.ts";
import { type Candidate, compileSelector, matchRules, type ServedVersions } from "../hooks.ts";
import { selects } from "../match.ts";
import { compileConditions, type MatchConditions } from "../match-conditions.ts";
import { refuse } from "../plugin.ts";
import { reviewRequest } from "../review.ts";
import { EXEMPT } from "../rules.ts";
import { ComposedVariables, compilePolicy, type PolicyExpressions } from "./expressions.ts";

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
  readonly audit: AuditSink | undefined;
}

interface Matcher {
  readonly rules: readonly Parameters<typeof matchRules>[0][number][];
  readonly excluded: readonly Parameters<typeof matchRules>[0][number][];
  readonly equivalent: boolean;
  readonly namespaceSelector: ReturnType<typeof compileSelector>;
  readonly objectSelector: ReturnType<typeof compileSelector>;
}

interface Policy {
  readonly name: string;
  readonly spec: PolicySpec;
  readonly matcher: Matcher;
  readonly conditions: MatchConditions | undefined;
  readonly expressions: PolicyExpressions;
  readonly bindings: readonly { readonly name: string; readonly spec: BindingSpec; readonly matcher: Matcher | undefined }[];
}

/** One validation that does not hold, under one binding. */
interface Denial {
  readonly message: string;
  readonly reason: string;
}

const CODES: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413, Invalid: 422 };

/**
 * ValidatingAdmissionPolicies: each binding of a policy judges the requests that both match, with its parameters, and
 * refuses, warns or notes as it says. After `k8s.io/apiserver/pkg/admission/plugin/policy/validating`.
 */
export class ValidatingPolicies {
  readonly #parts: PolicyParts;
  #version = "";
  #policies: readonly Policy[] = [];

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  /** @throws StatusError for the first validation that a binding enforces and that does not hold */
  async validate(attributes: AdmissionAttributes): Promise<void> {
    const { group, resource } = attributes.resource;
    if (group === GROUP && EXEMPT.has(resource)) return;
    this.#refresh();
    if (this.#policies.length === 0) return;
    const forms = new VersionedForms(this.#parts.served, attributes);
    const denied: { readonly policy: string; readonly binding: string; readonly denial: Denial }[] = [];
    for (const policy of this.#policies) {
      const candidate = this.#match(policy.matcher, attributes);
      if (!candidate) continue;
      const { object = null, oldObject = null } = await forms.of(candidate as Candidate);
      const given = {
        object,
        oldObject,
        request: reviewRequest(attributes, candidate),
        namespaceObject: this.#namespaceOf(attributes),
        ...authorizers(attributes, this.#parts.decide),
      };
      for (const { name, spec, matcher } of policy.bindings) {
        if (matcher && !this.#match(matcher, attributes)) continue;
        const denials = this.#judge(policy, spec, attributes, given);
        const actions = spec.validationActions ?? [];
        for (const denial of denials) {
          if (actions.includes("Deny")) denied.push({ policy: policy.name, binding: name, denial });
          if (actions.includes("Warn"))
            attributes.warn(`Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${name}': ${denial.message}`);
        }
        if (actions.includes("Audit") && denials.length > 0)
          this.#parts.audit?.(
            "validation.policy.admission.k8s.io/validation_failure",
            JSON.stringify(denials.map(({ message }) => ({ message, policy: policy.name, binding: name, validationActions: actions }))),
          );
      }
    }
    const [first] = denied;
    if (first) throw refusal(attributes, first.policy, first.binding, first.denial);
  }

  #refresh(): void {
    const { reader } = this.#parts;
    const version = `${reader.version(GROUP, "validatingadmissionpolicies")} ${reader.version(GROUP, "validatingadmissionpolicybindings")}`;
    if (version === this.#version) return;
    this.#version = version;
    const bindings = inOrder(reader.list(GROUP, "validatingadmissionpolicybindings"));
    this.#policies = inOrder(reader.list(GROUP, "validatingadmissionpolicies")).flatMap((object): Policy[] => {
      const spec = object["spec"] as PolicySpec;
      const name = object.metadata.name ?? "";
      const own = bindings.filter((binding) => (binding["spec"] as BindingSpec).policyName === name);
      if (own.length === 0 || !spec.matchConstraints) return [];
      return [
        {
          name,
          spec,
          matcher: matcherOf(spec.matchConstraints),
          conditions: spec.matchConditions?.length ? compileConditions(spec.matchConditions) : undefined,
          expressions: compilePolicy(spec),
          bindings: own.map((binding) => {
            const { matchResources } = binding["spec"] as BindingSpec;
            return {
              name: binding.metadata.name ?? "",
              spec: binding["spec"] as BindingSpec,
              matcher: matchResources && matcherOf(matchResources),
            };
          }),
        },
      ];
    });
  }

  /** The resource and kind by which a request is judged; `undefined` where the rules or selectors leave it out. */
  #match(matcher: Matcher, attributes: AdmissionAttributes): Omit<Candidate, "hook"> | undefined {
    const { reader, served } = this.#parts;
    const { namespaceSelector, objectSelector } = matcher;
    if (!selects({ namespaceSelector, objectSelector }, attributes, reader)) return undefined;
    if (matcher.excluded.length > 0 && matchRules(matcher.excluded, matcher.equivalent, attributes, served)) return undefined;
    // A binding without rules of its own takes what its policy takes.
    if (matcher.rules.length === 0) return { resource: attributes.resource, kind: attributes.kind, equivalent: false };
    return matchRules(matcher.rules, matcher.equivalent, attributes, served);
  }

  #namespaceOf({ namespace, resource }: AdmissionAttributes): KubeObject | null {
    if (namespace === "" || (resource.group === "" && resource.resource === "namespaces")) return null;
    return this.#parts.reader.get("", "namespaces", { name: namespace }) ?? null;
  }

  #judge(
    policy: Policy,
    binding: BindingSpec,
    attributes: AdmissionAttributes,
    given: Readonly<Record<string, unknown>>,
  ): readonly Denial[] {
    const ignored = policy.spec.failurePolicy === "Ignore";
    const wrong = (message: string): readonly Denial[] => (ignored ? [] : [{ message, reason: "Invalid" }]);
    let params: readonly (KubeObject | null)[];
    try {
      params = this.#params(policy.spec, binding.paramRef, attributes);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return wrong(`failed to configure binding: ${error.message}`);
    }
    return params.flatMap((param): readonly Denial[] => {
      const all = { ...given, params: param };
      const allowed = policy.conditions?.evaluate(all as never) ?? true;
      if (allowed === false) return [];
      if (allowed !== true) return wrong(allowed.join(", "));
      const variables = { ...all, variables: new ComposedVariables(policy.expressions.variables, all) };
      return policy.expressions.validations.flatMap((validation, index): readonly Denial[] => {
        const written = policy.spec.validations![index]!;
        try {
          if (validation.program.evaluate(variables) === true) return [];
        } catch (error) {
          if (!(error instanceof CelError)) throw error;
          return wrong(`expression '${written.expression.trim()}' resulted in error: ${error.message}`);
        }
        return [{ message: messageOf(written, validation.message, variables), reason: written.reason || "Invalid" }];
      });
    });
  }

  /** The objects that a binding hands to the expressions; null where the policy takes none. */
  #params(spec: PolicySpec, ref: ParamRef | undefined, attributes: AdmissionAttributes): readonly (KubeObject | null)[] {
    if (!spec.paramKind) return [null];
    if (!ref) return [null];
    const { apiVersion, kind } = spec.paramKind;
    const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/", 2) as [string, string]) : ["", apiVersion];
    const resource = this.#parts.resourceOfKind(group, version, kind);
    if (!resource) throw new ConfigurationError(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`);
    const namespace = resource.scope === "Namespaced" ? (ref.namespace ?? attributes.namespace) : "";
    if (resource.scope === "Namespaced" && namespace === "")
      throw new ConfigurationError("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
    const { reader } = this.#parts;
    let found: KubeObject[];
    if (ref.name) {
      const object = reader.get(group, resource.plural, { namespace, name: ref.name });
      found = object ? [object] : [];
    } else {
      const selector = labelSelector(ref.selector ?? {});
      found = reader
        .list(group, resource.plural)
        .filter(({ metadata }) => (metadata.namespace ?? "") === namespace && selector.matches(metadata.labels ?? {}));
    }
    if (found.length === 0 && ref.parameterNotFoundAction !== "Allow")
      throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction");
    return found;
  }
}

class ConfigurationError extends Error {}

function messageOf(
  written: Validation,
  program: { evaluate(variables: Readonly<Record<string, unknown>>): unknown } | undefined,
  variables: Readonly<Record<string, unknown>>,
): string {
  if (program) {
    try {
      const text = program.evaluate(variables);
      if (typeof text === "string" && text.trim() !== "" && !/[\n\r]/.test(text)) return text.trim();
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      // A message that cannot be made gives way to the one that is written.
    }
  }
  return written.message?.trim() || `failed expression: ${written.expression.trim()}`;
}

function refusal(attributes: AdmissionAttributes, policy: string, binding: string, { message, reason }: Denial): StatusError {
  const said = `ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: ${message}`;
  const { status } = refuse(attributes, said, [{ message: said } as never]);
  return StatusError.from({ ...status, reason, code: CODES[reason] ?? 422 } as never);
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

function inOrder(objects: readonly KubeObject[]): KubeObject[] {
  const name = (object: KubeObject): string => object.metadata.name ?? "";
  return [...objects].sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0));
}
