import type { Cause } from "@outrigger/kit/api";
import type { SchemaNode, ValidationRule } from "@outrigger/kit/schema";
import { type CompiledRule, compileRule, MAX_REQUEST_BYTES, RuleError, rulePath, smallestJson } from "../../cel/index.ts";

/** What one expression may cost, and all of a schema together (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation). */
const EXPRESSION_BUDGET = 10_000_000;
const SCHEMA_BUDGET = 100_000_000;
const MOST_EXPENSIVE_SHOWN = 4;
const LINE_BREAK = /[\n\r]/;
const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/** What a definition's rules (`x-kubernetes-validations`) may not be; for schemas that are sound otherwise. */
export function ruleProblems(schema: SchemaNode, path: string): Cause[] {
  const judge = new RuleJudge();
  judge.node(schema, path, { times: 1, loose: undefined, whole: true });
  return [...judge.causes, ...judge.totalProblems(path)];
}

interface Place {
  /** How many values of the node one object can have; `Infinity` where no parent says. */
  readonly times: number;
  /** The part of the schema within which an old value cannot be told; `undefined` outside of such parts. */
  readonly loose: string | undefined;
  readonly whole?: boolean;
}

class RuleJudge {
  readonly causes: Cause[] = [];
  readonly #expensive: { readonly field: string; readonly cost: number }[] = [];
  #total = 0;

  node(node: SchemaNode, path: string, place: Place): void {
    const { times, loose } = place;
    const ofMap = node["x-kubernetes-map-type"] === "atomic" ? path : undefined;
    const ofList = node["x-kubernetes-list-type"] === "map" ? undefined : path;
    for (const [name, inner] of Object.entries(node.properties ?? {}))
      this.node(inner, `${path}.properties[${name}]`, { times, loose: loose ?? ofMap });
    if (node.items)
      this.node(node.items, `${path}.items`, { times: times * (node.maxItems ?? Number.POSITIVE_INFINITY), loose: loose ?? ofList });
    if (typeof node.additionalProperties === "object")
      this.node(node.additionalProperties, `${path}.additionalProperties`, {
        times: times * (node.maxProperties ?? Number.POSITIVE_INFINITY),
        loose,
      });
    for (const [index, rule] of (node["x-kubernetes-validations"] ?? []).entries())
      this.#rule(rule, node, `${path}.x-kubernetes-validations[${index}]`, place);
  }

  totalProblems(path: string): Cause[] {
    if (this.#total <= SCHEMA_BUDGET) return [];
    const shown = this.#expensive.sort((a, b) => b.cost - a.cost).slice(0, MOST_EXPENSIVE_SHOWN);
    return [
      ...shown.map(({ field }) =>
        forbidden(field, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"),
      ),
      forbidden(
        path,
        overBudget("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", this.#total, SCHEMA_BUDGET),
      ),
    ];
  }

  #rule(
    rule: ValidationRule,
    node: SchemaNode,
    at: string,
    { times, loose, whole = node["x-kubernetes-embedded-resource"] === true }: Place,
  ): void {
    if (rule.rule.trim() === "") {
      this.causes.push({ reason: "FieldValueRequired", message: "Required value: rule is not specified", field: `${at}.rule` });
      return;
    }
    this.#texts(rule, node, at);
    let compiled: CompiledRule;
    try {
      compiled = compileRule(rule, node, whole);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      this.#invalid(`${at}.${error.field}`, shownRule(rule), error.message);
      if (error.field === "rule") this.#unusedOption(rule, at);
      return;
    }
    // Without a bound there are as many values as a request has room for.
    const values = Number.isFinite(times) ? times : Math.floor(MAX_REQUEST_BYTES / (smallestJson(node) + 1));
    this.#observe(`${at}.rule`, "estimated rule cost", compiled.cost === 0 ? 0 : compiled.cost * values);
    if (rule.messageExpression) this.#observe(`${at}.messageExpression`, "estimated messageExpression cost", compiled.messageCost);
    if (compiled.usesOldSelf && loose !== undefined)
      this.#invalid(`${at}.rule`, rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${loose}`);
    if (!compiled.usesOldSelf) this.#unusedOption(rule, at);
  }

  #unusedOption({ optionalOldSelf }: ValidationRule, at: string): void {
    if (optionalOldSelf !== undefined && optionalOldSelf !== null)
      this.#invalid(`${at}.optionalOldSelf`, optionalOldSelf, "may not be set if oldSelf is not used in rule");
  }

  /** What is said beside the expression: message, reason and the path of the field. */
  #texts({ rule, message = "", reason, fieldPath }: ValidationRule, node: SchemaNode, at: string): void {
    if (message !== "" && message.trim() === "") this.#invalid(`${at}.message`, message, "must be non-empty if specified");
    else if (LINE_BREAK.test(message.trim())) this.#invalid(`${at}.message`, message, "must not contain line breaks");
    else if (LINE_BREAK.test(rule.trim()) && message.trim() === "")
      this.causes.push({
        reason: "FieldValueRequired",
        message: "Required value: message must be specified if rule contains line breaks",
        field: `${at}.message`,
      });
    if (reason !== undefined && !REASONS.includes(reason))
      this.causes.push({
        reason: "FieldValueNotSupported",
        message: `Unsupported value: ${JSON.stringify(reason)}: supported values: ${REASONS.map((one) => JSON.stringify(one)).join(", ")}`,
        field: `${at}.reason`,
      });
    if (fieldPath && (LINE_BREAK.test(fieldPath) || !rulePath(node, fieldPath.trim())))
      this.#invalid(`${at}.fieldPath`, fieldPath, "must be a valid path");
  }

  #observe(field: string, what: string, cost: number): void {
    if (cost > EXPRESSION_BUDGET) this.causes.push(forbidden(field, overBudget(what, cost, EXPRESSION_BUDGET)));
    this.#total += cost;
    if (cost >= SCHEMA_BUDGET / 100) this.#expensive.push({ field, cost });
  }

  #invalid(field: string, value: unknown, why: string): void {
    this.causes.push({ reason: "FieldValueInvalid", message: `Invalid value: ${goJson(value)}: ${why}`, field });
  }
}

/** As Go writes JSON: fit for HTML. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
}

/** A rule as the API server's own type prints it. */
function shownRule(rule: ValidationRule): Record<string, unknown> {
  const { message = "", messageExpression = "", reason = null, fieldPath = "", optionalOldSelf = null } = rule;
  return {
    Rule: rule.rule,
    Message: message,
    MessageExpression: messageExpression,
    Reason: reason,
    FieldPath: fieldPath,
    OptionalOldSelf: optionalOldSelf,
  };
}

function overBudget(what: string, cost: number, budget: number): string {
  const factor = cost / budget;
  const shown = factor > 100 ? "more than 100x" : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

function forbidden(field: string, why: string): Cause {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field };
}
