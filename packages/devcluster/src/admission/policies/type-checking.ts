import { schemaName } from "@outrigger/kit/kinds";
import type { SchemaNode } from "@outrigger/kit/schema";
import { ANYTHING, CelError, compileCel, type Declaration, declare, type Variable } from "@outrigger/machinery/cel";
import { type PolicySpec, policyVariables } from "../../registry/index.ts";
import { groupVersionOf } from "./parameters.ts";

/** A kind that a policy matches. */
export interface CheckedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: SchemaNode;
}
/** What is known of the kinds of a cluster; nothing of one that nobody serves. */
export interface KnownKinds {
  byResource(group: string, version: string, plural: string): CheckedKind | undefined;
  byKind(group: string, version: string, kind: string): CheckedKind | undefined;
}
/** An entry of `status.typeChecking.expressionWarnings`. */
export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

const MOST_KINDS = 10;

/**
 * Compiles a policy's validations once more, with the types of the kinds that it matches: what its creation, where `object`
 * may be anything, could not know. After `TypeChecker` of `k8s.io/apiserver/pkg/admission/plugin/policy/validating`.
 *
 * Guarantees
 * - Only kinds that the rules name are looked at: a rule with a `*` is left out, as are subresources and kinds beyond ten.
 * - Match conditions, variables and audit annotations get no warnings; a variable that does not compile has any type.
 */
export function expressionWarnings(spec: PolicySpec, known: KnownKinds): ExpressionWarning[] {
  const kinds = kindsOf(spec, known);
  const params = paramsOf(spec, known);
  const environments = kinds.map((kind) => ({ kind, variables: variablesOf(spec, kind, params) }));
  const check = (expression: string | undefined, fieldRef: string): ExpressionWarning[] => {
    if (!expression) return [];
    const problems = environments.flatMap(({ kind: { group, version, kind }, variables }) => {
      const problem = problemOf(expression, variables);
      return problem === undefined ? [] : [`${group}/${version}, Kind=${kind}: ${problem}\n`];
    });
    return problems.length === 0 ? [] : [{ fieldRef, warning: problems.join("") }];
  };
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => [
    ...check(expression, `spec.validations[${index}].expression`),
    ...check(messageExpression, `spec.validations[${index}].messageExpression`),
  ]);
}

function kindsOf(spec: PolicySpec, known: KnownKinds): readonly CheckedKind[] {
  const found = new Map<string, CheckedKind>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of spec.matchConstraints?.resourceRules ?? []) {
    if ([apiGroups, apiVersions, resources].some((names) => names.some((name) => name === "*"))) continue;
    for (const group of apiGroups) {
      for (const version of apiVersions) {
        for (const resource of resources) {
          const kind = known.byResource(group, version, resource);
          if (kind && found.size < MOST_KINDS) found.set([group, version, kind.kind].join(" "), kind);
        }
      }
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
}

function paramsOf({ paramKind }: PolicySpec, known: KnownKinds): Variable | undefined {
  if (!paramKind) return undefined;
  const { group, version } = groupVersionOf(paramKind);
  const kind = known.byKind(group, version, paramKind.kind);
  return kind ? typeOf(kind) : "dyn";
}

function variablesOf(spec: PolicySpec, kind: CheckedKind, params: Variable | undefined): Readonly<Record<string, Variable>> {
  const composed = new Map<string, Declaration>();
  const object = typeOf(kind);
  const now = (): Readonly<Record<string, Variable>> => ({
    ...policyVariables(params !== undefined, composed),
    object,
    oldObject: object,
    ...(params ? { params } : {}),
  });
  for (const { name, expression } of spec.variables ?? []) {
    let result = ANYTHING;
    try {
      result = compileCel(expression, { variables: now() }).result;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
    }
    composed.set(name, result);
  }
  return now();
}

function problemOf(expression: string, variables: Readonly<Record<string, Variable>>): string | undefined {
  try {
    compileCel(expression, { variables });
    return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return error.message;
  }
}

function typeOf({ schema }: CheckedKind): Variable {
  const declaration = declare(withoutCircles(schema, []), true);
  return declaration ? { declaration } : "dyn";
}

/** A type that contains itself (the schemas of definitions) ends where it would begin again. */
function withoutCircles(schema: SchemaNode, above: readonly string[]): SchemaNode {
  // Titles of custom resources are free text; those schemas are finite.
  const title = schemaName(schema);
  const name = title?.startsWith("io.k8s.") ? title : undefined;
  if (name !== undefined && above.includes(name)) return {} as SchemaNode;
  const { properties, items, additionalProperties } = schema;
  const inside = name === undefined ? above : [...above, name];
  return {
    ...schema,
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, withoutCircles(one, inside)])) }
      : {}),
    ...(items ? { items: withoutCircles(items, inside) } : {}),
    ...(typeof additionalProperties === "object" ? { additionalProperties: withoutCircles(additionalProperties, inside) } : {}),
  };
}
