import { Quantity } from "@outrigger/kit/api";
import { compilePattern } from "@outrigger/kit/schema";
import type { Container } from "../pod/index.ts";
import { add, type Expression, ExpressionError, parseExpression, type Value } from "./expression.ts";
import type { ResourcesPolicy } from "./set.ts";

/** A resourcesPolicy made ready: a sidecar's resources out of those of the containers that it serves. */
export interface CompiledResourcesPolicy {
  readonly mode: string;
  readonly pattern: string;
  readonly targets: (name: string) => boolean;
  readonly expressions: readonly {
    readonly list: "limits" | "requests";
    readonly resource: "cpu" | "memory";
    readonly text: string;
    readonly evaluate: Expression;
  }[];
}

/** @throws {ExpressionError} for an expression that cannot be read */
export function compileResourcesPolicy(policy: ResourcesPolicy): CompiledResourcesPolicy {
  const pattern = policy.targetContainersNameRegex ?? ".*";
  const targets = compilePattern(pattern);
  const expressions = (["limits", "requests"] as const).flatMap((list) =>
    (["cpu", "memory"] as const).flatMap((resource) => {
      const text = policy.resourcesExpr?.[list]?.[resource];
      return text === undefined || text === "" ? [] : [{ list, resource, text, evaluate: parseExpression(text, resource) }];
    }),
  );
  return { mode: policy.targetContainersMode ?? "sum", pattern, targets, expressions };
}

/**
 * The resources that a policy gives a sidecar in one pod. Targets are the pod's containers and native sidecars,
 * without those that rules bring. A limit that one target lacks stays unset, even a constant one; a request that is missing counts 0.
 *
 * @throws {ExpressionError} when no container fits the pattern, or a result is negative: the pod is refused
 */
export function resourcesFor(
  policy: CompiledResourcesPolicy,
  containers: readonly Container[],
  initContainers: readonly Container[],
): Record<string, Record<string, string>> {
  const targets = [...initContainers.filter((container) => container.restartPolicy === "Always"), ...containers].filter((container) =>
    policy.targets(container.name),
  );
  if (targets.length === 0) throw new ExpressionError(`no container's name fits ${JSON.stringify(policy.pattern)}`);
  const resources: Record<string, Record<string, string>> = {};
  for (const { list, resource, text, evaluate } of policy.expressions) {
    const amounts = targets.map(
      (target) => (target["resources"] as Record<string, Record<string, string> | undefined> | undefined)?.[list]?.[resource],
    );
    if (list === "limits" && amounts.includes(undefined)) continue;
    const values = amounts.map((amount) => value(amount ?? "0", resource));
    const variable = policy.mode === "max" ? values.reduce((a, b) => (less(a, b) ? b : a)) : values.reduce((a, b) => add(a, b));
    const result = evaluate(variable);
    if (result.numerator < 0n) throw new ExpressionError(`${list}.${resource} of the resourcesPolicy is negative for this pod: ${text}`);
    resources[list] ??= {};
    resources[list][resource] = write(result);
  }
  return resources;
}

function value(text: string, resource: string): Value {
  const amount = parseExpression(
    Quantity.parse(text).toString(),
    resource,
  )({ numerator: 0n, denominator: 1n, amount: true, binary: false });
  return { ...amount, amount: true };
}

function less(a: Value, b: Value): boolean {
  return a.numerator * b.denominator < b.numerator * a.denominator;
}

/** Rounded down to thousandths; binary units where the value is made of binary amounts and comes out even. */
function write(result: Value): string {
  const thousandths = (result.numerator * 1000n) / result.denominator;
  if (!result.binary || !result.amount || thousandths % 1000n !== 0n || thousandths === 0n)
    return Quantity.parse(`${thousandths}m`).toString();
  let whole = thousandths / 1000n;
  let unit = 0;
  while (whole % 1024n === 0n && unit < 6) {
    whole /= 1024n;
    unit++;
  }
  return `${whole}${["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][unit]}`;
}
