import type { KubeObject } from "@outrigger/kit/api";
import { CelError } from "@outrigger/machinery/cel";
import {
  type AdmissionAttributes,
  authorizers,
  type BindingSpec,
  type PolicySpec,
  StatusError,
  type Validation,
} from "../../registry/index.ts";
import { VersionedForms } from "../forms.ts";
import { goJson } from "../go-json.ts";
import { compileConditions, type MatchConditions } from "../match-conditions.ts";
import { refuse } from "../plugin.ts";
import { reviewRequest } from "../review.ts";
import { AuditAnnotations } from "./audit-annotations.ts";
import { ComposedVariables, compilePolicy, type PolicyExpressions } from "./expressions.ts";
import { matchRequest, namespaceOf, type PolicyHook, type PolicyParts, PolicySource } from "./hooks.ts";
import { ConfigurationError, collectParams } from "./parameters.ts";

interface Evaluator {
  readonly conditions: MatchConditions | undefined;
  readonly expressions: PolicyExpressions;
}
type Hook = PolicyHook<PolicySpec, Evaluator>;

/** One validation that does not hold, under one binding. */
interface Denial {
  readonly message: string;
  readonly reason: string;
  /** Whether the binding's actions say what becomes of it; a policy that cannot be evaluated always denies. */
  readonly byAction: boolean;
  /** Its place among the policy's validations. */
  readonly index: number;
}

const CODES: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413, Invalid: 422 };

/**
 * ValidatingAdmissionPolicies: each binding of a policy judges the requests that both match, with its parameters, and
 * refuses, warns or notes as it says. After `k8s.io/apiserver/pkg/admission/plugin/policy/validating`.
 */
export class ValidatingPolicies {
  readonly #parts: PolicyParts;
  readonly #source: PolicySource<PolicySpec, Evaluator>;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#source = new PolicySource(parts, "validatingadmissionpolicies", (spec) => ({
      conditions: spec.matchConditions?.length ? compileConditions(spec.matchConditions, spec.paramKind !== undefined) : undefined,
      expressions: compilePolicy(spec),
    }));
  }

  /** @throws StatusError for the first validation that a binding enforces and that does not hold */
  async validate(attributes: AdmissionAttributes): Promise<void> {
    const hooks = this.#source.hooks(attributes);
    if (hooks.length === 0) return;
    const forms = new VersionedForms(this.#parts.served, attributes);
    const denied: { readonly policy: string; readonly binding: string; readonly denial: Denial }[] = [];
    for (const hook of hooks) {
      const match = matchRequest(hook.matcher, attributes, this.#parts);
      if (!match) continue;
      const { object = null, oldObject = null } = await forms.of(match);
      const given = {
        object,
        oldObject,
        request: reviewRequest(attributes, match),
        namespaceObject: namespaceOf(attributes, this.#parts),
        ...authorizers(attributes, this.#parts.decide),
      };
      const annotations = new AuditAnnotations(hook.name);
      for (const { name, spec, matcher } of hook.bindings) {
        if (matcher && !matchRequest(matcher, attributes, this.#parts)) continue;
        for (const denial of this.#judge(hook, spec, attributes, given, annotations)) {
          const actions = denial.byAction ? (spec.validationActions ?? []) : ["Deny"];
          if (actions.includes("Deny")) denied.push({ policy: hook.name, binding: name, denial });
          if (actions.includes("Audit")) note(attributes, hook.name, name, denial, actions);
          if (actions.includes("Warn"))
            attributes.warn(`Validation failed for ValidatingAdmissionPolicy '${hook.name}' with binding '${name}': ${denial.message}`);
        }
      }
      annotations.publish(attributes.annotate);
    }
    const [first] = denied;
    if (first) throw refusal(attributes, first.policy, first.binding, first.denial);
  }

  #judge(
    hook: Hook,
    binding: BindingSpec,
    attributes: AdmissionAttributes,
    given: Readonly<Record<string, unknown>>,
    annotations: AuditAnnotations,
  ): readonly Denial[] {
    const ignored = hook.spec.failurePolicy === "Ignore";
    const wrong = (message: string, byAction: boolean, index = 0): readonly Denial[] =>
      ignored ? [] : [{ message, reason: "Invalid", byAction, index }];
    let params: readonly (KubeObject | null)[];
    try {
      params = collectParams(hook.spec, binding.paramRef, attributes, this.#parts);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return wrong(`failed to configure binding: ${error.message}`, false);
    }
    const { conditions, expressions } = hook.evaluator;
    return params.flatMap((param): readonly Denial[] => {
      const all = { ...given, params: param };
      const allowed = conditions?.evaluate(all as never) ?? true;
      if (allowed === false) return [];
      if (allowed !== true) return wrong(allowed.join(", "), true);
      const variables = { ...all, variables: new ComposedVariables(expressions.variables, all) };
      const denials = expressions.validations.flatMap((validation, index): readonly Denial[] => {
        const written = hook.spec.validations![index]!;
        try {
          if (validation.program.evaluate(variables) === true) return [];
        } catch (error) {
          if (!(error instanceof CelError)) throw error;
          return wrong(`expression '${written.expression.trim()}' resulted in error: ${error.message}`, true, index);
        }
        const message = messageOf(written, validation.message, variables);
        return [{ message, reason: written.reason || "Invalid", byAction: true, index }];
      });
      const failed = annotations.evaluate(expressions.annotations, variables);
      return [...denials, ...failed.flatMap((message) => wrong(message, false))];
    });
  }
}

/** Only the first failure of a request gets into its audit event. */
function note(
  attributes: AdmissionAttributes,
  policy: string,
  binding: string,
  { message, index }: Denial,
  validationActions: readonly string[],
): void {
  const failure = [{ message, policy, binding, expressionIndex: index, validationActions }];
  attributes.annotate?.("validation.policy.admission.k8s.io/validation_failure", goJson(failure));
}

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
