// Label and field selectors, after k8s.io/apimachinery/pkg/labels and pkg/fields.
import { labelValueProblems, qualifiedNameProblems } from "./names.ts";
import type { Cause } from "./object.ts";

/** `metav1.LabelSelector`: everything in it must hold. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}
/** One expression of a label selector. */
export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Operator of a label selector's expression. */
export type SelectorOperator = "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
/** One condition of a parsed selector. */
export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
  /** How it was written, where `=` and `in` mean the same. */
  readonly symbol?: "=" | "==" | "!=";
}

/** A label selector, ready to be asked. */
export interface Selector {
  readonly requirements: readonly Requirement[];
  /** True where nothing is required. */
  readonly empty: boolean;
  matches(labels: Readonly<Record<string, string>> | undefined): boolean;
  /** As a query parameter takes it, requirements sorted by key. */
  toString(): string;
}

/** A selector that cannot be read. `message` is Kubernetes' own. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
  readonly code = "ERR_SELECTOR";
}

/**
 * A selector object as something to ask; absent and empty select everything.
 *
 * @throws SelectorError for an unknown operator, or values that do not go with it.
 */
export function labelSelector(selector: LabelSelector | undefined): Selector {
  const requirements: Requirement[] = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: "In",
    values: [value],
    symbol: "=",
  }));
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    if (operator !== "In" && operator !== "NotIn" && operator !== "Exists" && operator !== "DoesNotExist")
      throw new SelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`);
    requirements.push(requirement(key, operator, values));
  }
  return new Requirements(requirements);
}

/** What is wrong with a selector object, as the API server tells it (`ValidateLabelSelector`). */
export function labelSelectorProblems(selector: LabelSelector | undefined, path: string): Cause[] {
  if (!selector) return [];
  const causes: Cause[] = [];
  const invalid = (field: string, value: unknown, message: string): void =>
    void causes.push({ reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${message}`, field });
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    for (const problem of qualifiedNameProblems(key)) invalid(`${path}.matchLabels`, key, problem);
    for (const problem of labelValueProblems(value)) invalid(`${path}.matchLabels`, value, problem);
  }
  for (const [index, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0)
        causes.push({
          reason: "FieldValueRequired",
          message: "Required value: must be specified when `operator` is 'In' or 'NotIn'",
          field: `${at}.values`,
        });
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0)
        causes.push({
          reason: "FieldValueForbidden",
          message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
          field: `${at}.values`,
        });
    } else invalid(`${at}.operator`, operator, "not a valid selector operator");
    for (const problem of qualifiedNameProblems(key)) invalid(`${at}.key`, key, problem);
    for (const [position, value] of values.entries())
      for (const problem of labelValueProblems(value)) invalid(`${at}.values[${position}]`, value, problem);
  }
  return causes;
}

/**
 * Reads a selector as query parameters and kubectl write it: `app in (a,b),!canary,tier!=back`.
 *
 * @throws SelectorError in Kubernetes' words.
 */
export function parseLabelSelector(text: string): Selector {
  return new Requirements(new Parser(text).parse());
}

class Requirements implements Selector {
  readonly requirements: readonly Requirement[];

  constructor(requirements: readonly Requirement[]) {
    this.requirements = [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  get empty(): boolean {
    return this.requirements.length === 0;
  }

  matches(labels: Readonly<Record<string, string>> | undefined = {}): boolean {
    for (const { key, operator, values } of this.requirements) {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      switch (operator) {
        case "In":
          if (value === undefined || !values.includes(value)) return false;
          break;
        case "NotIn":
          if (value !== undefined && values.includes(value)) return false;
          break;
        case "Exists":
          if (value === undefined) return false;
          break;
        case "DoesNotExist":
          if (value !== undefined) return false;
          break;
        default: {
          if (value === undefined || !/^[+-]?\d+$/.test(value)) return false;
          const [own, limit] = [BigInt(value.replace("+", "")), BigInt(values[0]!.replace("+", ""))];
          if (operator === "Gt" ? own <= limit : own >= limit) return false;
        }
      }
    }
    return true;
  }

  toString(): string {
    return this.requirements.map(requirementText).join(",");
  }
}

function requirementText({ key, operator, values, symbol }: Requirement): string {
  if (symbol) return `${key}${symbol}${values[0]}`;
  const list = `(${[...values].sort().join(",")})`;
  switch (operator) {
    case "In":
      return `${key} in ${list}`;
    case "NotIn":
      return `${key} notin ${list}`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return `${key}${operator === "Gt" ? ">" : "<"}${values[0]}`;
  }
}

function requirement(key: string, operator: SelectorOperator, values: readonly string[], symbol?: Requirement["symbol"]): Requirement {
  const problems: string[] = [];
  const keyProblems = qualifiedNameProblems(key);
  if (keyProblems.length > 0) problems.push(`key: Invalid value: ${JSON.stringify(key)}: ${keyProblems.join("; ")}`);
  const bad = (message: string): void => void problems.push(`values: Invalid value: ${JSON.stringify(values)}: ${message}`);
  if ((operator === "In" || operator === "NotIn") && values.length === 0) bad("for 'in', 'notin' operators, values set can't be empty");
  if ((operator === "Exists" || operator === "DoesNotExist") && values.length > 0)
    bad("values set must be empty for exists and does not exist");
  if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1) bad("for 'Gt', 'Lt' operators, exactly one value is required");
    for (const [index, value] of values.entries())
      if (!/^[+-]?\d+$/.test(value))
        problems.push(`values[${index}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`);
  }
  for (const [index, value] of values.entries()) {
    const valueProblems = labelValueProblems(value);
    if (valueProblems.length > 0)
      problems.push(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${valueProblems.join("; ")}`);
  }
  if (problems.length > 0) throw new SelectorError(problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`);
  return { key, operator, values, ...(symbol ? { symbol } : {}) };
}

const SYMBOLS = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"] as const;
const BINARY_OPERATORS = "in, notin, =, ==, !=, gt, lt";

interface Token {
  readonly kind: "identifier" | "end" | (typeof SYMBOLS)[number] | "in" | "notin";
  readonly text: string;
}

class Parser {
  readonly #tokens: Token[] = [];
  #position = 0;

  constructor(text: string) {
    for (let at = 0; at < text.length; ) {
      if (/\s/.test(text[at]!)) {
        at++;
        continue;
      }
      const symbol = SYMBOLS.find((one) => text.startsWith(one, at));
      if (symbol) {
        this.#tokens.push({ kind: symbol, text: symbol });
        at += symbol.length;
        continue;
      }
      const word = /^[^\s=!(),<>]+/.exec(text.slice(at))![0];
      this.#tokens.push({ kind: word === "in" || word === "notin" ? word : "identifier", text: word });
      at += word.length;
    }
  }

  /** `in` and `notin` are words like any other where a value or a key is expected. */
  #peek(context: "values" | "operator"): Token {
    const token = this.#tokens[this.#position] ?? { kind: "end", text: "" };
    return context === "values" && (token.kind === "in" || token.kind === "notin") ? { kind: "identifier", text: token.text } : token;
  }

  #next(context: "values" | "operator"): Token {
    const token = this.#peek(context);
    this.#position++;
    return token;
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const token = this.#peek("values");
      if (token.kind === "end") return requirements;
      if (token.kind !== "identifier" && token.kind !== "!")
        throw new SelectorError(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      try {
        requirements.push(this.#requirement());
      } catch (error) {
        throw new SelectorError(`unable to parse requirement: ${(error as Error).message}`);
      }
      const after = this.#next("values");
      if (after.kind === "end") return requirements;
      if (after.kind !== ",") throw new SelectorError(`found '${after.text}', expected: ',' or 'end of string'`);
      const following = this.#peek("values");
      if (following.kind !== "identifier" && following.kind !== "!")
        throw new SelectorError(`found '${following.text}', expected: identifier after ','`);
    }
  }

  #requirement(): Requirement {
    let token = this.#next("values");
    const negated = token.kind === "!";
    if (negated) token = this.#next("values");
    if (token.kind !== "identifier") throw new SelectorError(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const problems = qualifiedNameProblems(key);
    if (problems.length > 0) throw new SelectorError(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problems.join("; ")}`);
    const { kind } = this.#peek("values");
    if (kind === "end" || kind === ",") return requirement(key, negated ? "DoesNotExist" : "Exists", []);
    if (negated) return requirement(key, "DoesNotExist", []);
    const operator = this.#next("operator");
    switch (operator.kind) {
      case "in":
        return requirement(key, "In", this.#values());
      case "notin":
        return requirement(key, "NotIn", this.#values());
      case "=":
      case "==":
        return requirement(key, "In", [this.#exact()], operator.kind);
      case "!=":
        return requirement(key, "NotIn", [this.#exact()], "!=");
      case ">":
        return requirement(key, "Gt", [this.#exact()]);
      case "<":
        return requirement(key, "Lt", [this.#exact()]);
      default:
        throw new SelectorError(`found '${operator.text}', expected: ${BINARY_OPERATORS}`);
    }
  }

  #exact(): string {
    const { kind } = this.#peek("values");
    if (kind === "end" || kind === ",") return "";
    const token = this.#next("values");
    if (token.kind !== "identifier") throw new SelectorError(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #values(): string[] {
    const open = this.#next("values");
    if (open.kind !== "(") throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = this.#peek("values");
    if (first.kind === ")") {
      this.#next("values");
      return [""];
    }
    if (first.kind !== "identifier" && first.kind !== ",")
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = new Set<string>();
    for (;;) {
      const token = this.#next("values");
      const { kind, text } = this.#peek("values");
      if (token.kind === "identifier") {
        values.add(token.text);
        if (kind === ")") break;
        if (kind !== ",") throw new SelectorError(`found '${text}', expected: ',' or ')'`);
      } else if (token.kind === ",") {
        if (values.size === 0) values.add("");
        if (kind === "," || kind === ")") values.add("");
        if (kind === ")") break;
      } else throw new SelectorError(`found '${token.text}', expected: ',', or identifier`);
    }
    this.#next("values");
    return [...values].sort();
  }
}

/** One term of a field selector: the value at `field` is, or is not, `value`. */
export interface FieldTerm {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/** A parsed field selector. */
export interface FieldSelector {
  readonly terms: readonly FieldTerm[];
  /** @param textAt the value at a path as text; a field that is absent has "". */
  matches(textAt: (field: string) => string): boolean;
  toString(): string;
}

/**
 * Reads a field selector: `metadata.name=a,status.phase!=Running`; `\,`, `\=` and `\\` stand for themselves.
 *
 * @throws SelectorError in Kubernetes' words.
 */
export function parseFieldSelector(text: string): FieldSelector {
  const terms: FieldTerm[] = [];
  for (const part of splitTerms(text).sort()) {
    if (part === "") continue;
    const found = /^(.*?)(!=|==|=)([\s\S]*)$/.exec(part);
    if (!found) throw new SelectorError(`invalid selector: '${text}'; can't understand '${part}'`);
    terms.push({ field: found[1]!, equal: found[2] !== "!=", value: unescaped(found[3]!) });
  }
  return {
    terms,
    matches: (textAt) => terms.every(({ field, equal, value }) => (textAt(field) === value) === equal),
    toString: () => terms.map(({ field, equal, value }) => `${field}${equal ? "=" : "!="}${value.replace(/[\\,=]/g, "\\$&")}`).join(","),
  };
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let term = "";
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") term += text[at]! + (text[++at] ?? "");
    else if (text[at] === ",") {
      terms.push(term);
      term = "";
    } else term += text[at];
  }
  return [...terms, term];
}

function unescaped(value: string): string {
  let text = "";
  for (let at = 0; at < value.length; at++) {
    const character = value[at]!;
    if (character === "\\") {
      const next = value[++at];
      if (next === undefined || !"\\,=".includes(next))
        throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next ?? ""} in ${value}`);
      text += next;
    } else if (character === "=") throw new SelectorError(`invalid field selector: unescaped character in value: ${value}`);
    else text += character;
  }
  return text;
}
