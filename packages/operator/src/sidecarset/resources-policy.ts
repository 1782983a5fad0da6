import { Quantity } from "@outrigger/kit/api";
import { compilePattern } from "@outrigger/machinery/schema";
import type { Container } from "../pod/index.ts";
import { amountOf, type Expression, ExpressionError, isNegative, parseExpression } from "./expression.ts";
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
  const pattern = policy.targetContainersNameRegex || ".*";
  const targets = compilePattern(pattern);
  const expressions = (["limits", "requests"] as const).flatMap((list) =>
    (["cpu", "memory"] as const).flatMap((resource) => {
      const text = policy.resourcesExpr?.[list]?.[resource];
      return text === undefined || text === "" ? [] : [{ list, resource, text, evaluate: parseExpression(text, resource) }];
    }),
  );
  return { mode: policy.targetContainersMode || "sum", pattern, targets, expressions };
}

/**
 * The resources that a policy gives a sidecar in one pod. Targets are the pod's containers and native sidecars, without
 * those that rules bring. A limit that one target lacks stays unset, even a constant one; a request that is missing counts 0.
 *
 * @throws {ExpressionError} when no container fits the pattern, or a result is negative: the pod is refused
 */
export function resourcesFor(
  policy: CompiledResourcesPolicy,
  containers: readonly Container[],
  initContainers: readonly Container[],
): Record<string, Record<string, string>> {
  const targets = [...initContainers.filter((container) => container.restartPolicy === "Always"), ...containers].filter(({ name }) =>
    policy.targets(name),
  );
  if (targets.length === 0) throw new ExpressionError(`no container's name fits ${JSON.stringify(policy.pattern)}`);
  const resources: Record<string, Record<string, string>> = {};
  for (const { list, resource, text, evaluate } of policy.expressions) {
    const amounts = targets.map((target) => amountIn(target, list, resource));
    if (list === "limits" && amounts.includes(undefined)) continue;
    const given = amounts.filter((amount) => amount !== undefined).map((amount) => Quantity.parse(amount));
    const result = evaluate(policy.mode === "max" ? greatest(given) : sum(given));
    if (isNegative(result)) throw new ExpressionError(`${list}.${resource} of the resourcesPolicy is negative for this pod: ${text}`);
    resources[list] ??= {};
    resources[list][resource] = amountOf(result).toString();
  }
  return resources;
}

/** A limit stands in for a request that is missing, as the API server fills it in; pods in files lack it. */
function amountIn(container: Container, list: "limits" | "requests", resource: string): string | undefined {
  const resources = container["resources"] as Record<string, Record<string, string> | undefined> | undefined;
  return resources?.[list]?.[resource] ?? (list === "requests" ? resources?.["limits"]?.[resource] : undefined);
}

function sum(amounts: readonly Quantity[]): Quantity {
  return amounts.reduce((total, amount) => total.add(amount), Quantity.of(0));
}

function greatest(amounts: readonly Quantity[]): Quantity {
  return amounts.reduce((most, amount) => (amount.cmp(most) > 0 ? amount : most), amounts[0] ?? Quantity.of(0));
}
