import type { KubeObject } from "@outrigger/kit/api";
import { CelError } from "@outrigger/machinery/cel";
import { type AdmissionAttributes, authorizers, internal, type MutatingPolicySpec, StatusError } from "../../registry/index.ts";
import { VersionedForms } from "../forms.ts";
import { compileConditions, type MatchConditions } from "../match-conditions.ts";
import type { Reinvocation } from "../mutating.ts";
import { refuse } from "../plugin.ts";
import { reviewRequest } from "../review.ts";
import type { RuleMatch } from "../rules.ts";
import { ComposedVariables, compileVariables, type PolicyVariables } from "./expressions.ts";
import { matchRequest, namespaceOf, type PolicyHook, type PolicyParts, PolicySource } from "./hooks.ts";
import { ConfigurationError, collectParams } from "./parameters.ts";
import { compilePatch, MutationError, type Patcher } from "./patches.ts";

interface Evaluator {
  readonly conditions: MatchConditions | undefined;
  readonly variables: PolicyVariables;
  readonly patchers: readonly Patcher[];
}
type Hook = PolicyHook<MutatingPolicySpec, Evaluator>;

/** One policy under one binding with one parameter. */
interface Invocation {
  readonly hook: Hook;
  readonly binding: string;
  readonly param: KubeObject | null;
  readonly match: RuleMatch;
}

/** Why the request cannot be let through: what a policy with `failurePolicy: Fail` could not do. */
interface Failure {
  readonly message: string;
  readonly reason: "Forbidden" | "Invalid";
}

/**
 * MutatingAdmissionPolicies: each binding of a policy changes the objects that both match, by apply configurations and JSON
 * patches that expressions make. After `k8s.io/apiserver/pkg/admission/plugin/policy/mutating`.
 *
 * Guarantees
 * - Policies run one after the other by name, before webhooks; each sees what the ones before it made.
 * - A policy with `reinvocationPolicy: IfNeeded` runs once more when something changed the object after it ran.
 */
export class MutatingPolicies {
  readonly #parts: PolicyParts;
  readonly #source: PolicySource<MutatingPolicySpec, Evaluator>;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#source = new PolicySource(parts, "mutatingadmissionpolicies", compile);
  }

  /** @throws StatusError where a policy that must not be left out could not be evaluated */
  async admit(attributes: AdmissionAttributes, reinvocation: Reinvocation): Promise<void> {
    if (attributes.operation === "DELETE") return;
    const hooks = this.#source.hooks(attributes);
    if (hooks.length === 0) return;
    const failures: Failure[] = [];
    const invocations = hooks.flatMap((hook) => this.#invocations(hook, attributes, failures));
    if (invocations.length > 0) await this.#run(invocations, attributes, reinvocation, failures);
    if (failures.length > 0) throw refusal(attributes, failures);
  }

  #invocations(hook: Hook, attributes: AdmissionAttributes, failures: Failure[]): Invocation[] {
    const match = matchRequest(hook.matcher, attributes, this.#parts);
    if (!match) return [];
    return hook.bindings.flatMap(({ name, spec, matcher }): Invocation[] => {
      if (matcher && !matchRequest(matcher, attributes, this.#parts)) return [];
      try {
        const params = collectParams(hook.spec, spec.paramRef, attributes, this.#parts);
        return params.map((param) => ({ hook, binding: name, param, match }));
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        fail(failures, { hook, binding: name }, `failed to configure binding: ${error.message}`, "Forbidden");
        return [];
      }
    });
  }

  async #run(
    invocations: readonly Invocation[],
    attributes: AdmissionAttributes,
    reinvocation: Reinvocation,
    failures: Failure[],
  ): Promise<void> {
    reinvocation.begin(attributes.object);
    const forms = new VersionedForms(this.#parts.served, attributes);
    let patched = false;
    for (const invocation of invocations) {
      const { hook, binding, param, match } = invocation;
      const { object = null, oldObject = null } = await forms.of(match);
      const request = reviewRequest(attributes, match);
      const namespaceObject = namespaceOf(attributes, this.#parts);
      const given = { object, oldObject, request, namespaceObject, params: param, ...authorizers(attributes, this.#parts.decide) };
      const matches = hook.evaluator.conditions?.evaluate(given) ?? true;
      if (typeof matches !== "boolean") fail(failures, invocation, matches.join(", "), "Invalid");
      if (matches !== true) continue;
      const key = `${hook.name}/${binding}/${param?.metadata.namespace ?? ""}/${param?.metadata.name ?? ""}`;
      if (reinvocation.second && !reinvocation.isDue(key)) continue;
      for (const patch of object === null ? [] : hook.evaluator.patchers) {
        try {
          await this.#patch(patch, invocation, attributes, forms, given);
          patched = true;
        } catch (error) {
          if (!(error instanceof MutationError || error instanceof CelError)) throw error;
          fail(failures, invocation, error.message, "Invalid");
        }
      }
      if (hook.spec.reinvocationPolicy === "IfNeeded") reinvocation.wasCalled(key);
    }
    // Makes all that ran due again, those before and after the patch.
    if (patched) {
      reinvocation.changed();
      reinvocation.needed = true;
    }
    reinvocation.end(attributes.object);
  }

  async #patch(
    patch: Patcher,
    { hook, match }: Invocation,
    attributes: AdmissionAttributes,
    forms: VersionedForms,
    given: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { object } = await forms.of(match);
    const { group, version, resource } = match.resource;
    const served = this.#parts.served(group, resource).find((one) => one.version === version);
    if (!object || !served) return;
    const all = { ...given, object };
    const changed = patch(object, { ...all, variables: new ComposedVariables(hook.evaluator.variables, all) }, served.schema);
    const unknown = served.custom ? [] : served.strategy.prune(changed);
    if (unknown.length > 0)
      throw internal(`strict decoding error: ${unknown.map((field) => `unknown field ${JSON.stringify(field)}`).join(", ")}`);
    attributes.object = await forms.back(match, changed);
  }
}

function compile(spec: MutatingPolicySpec): Evaluator {
  const { variables, types } = compileVariables(spec);
  const params = spec.paramKind !== undefined;
  return {
    conditions: spec.matchConditions?.length ? compileConditions(spec.matchConditions, params) : undefined,
    variables,
    patchers: (spec.mutations ?? []).map((mutation) => compilePatch(mutation, params, types)),
  };
}

function fail(failures: Failure[], { hook, binding }: Pick<Invocation, "hook" | "binding">, why: string, reason: Failure["reason"]): void {
  if (hook.spec.failurePolicy === "Ignore") return;
  failures.push({ message: `policy '${hook.name}' with binding '${binding}' denied request: ${why}`, reason });
}

/** A 403 in the words of the first failure, with its reason, and all of them as causes. */
function refusal(attributes: AdmissionAttributes, failures: readonly Failure[]): StatusError {
  const [first] = failures;
  const causes = failures.map(({ message }) => ({ message }));
  const { status } = refuse(attributes, "admission request denied by policy", causes as never);
  return StatusError.from({ ...status, message: first!.message, reason: first!.reason } as never);
}
