import type { Client } from "@outrigger/kit/client";
import { drain as drainOperator, ForeignFinalizersError } from "@outrigger/kit/manager";
import { CliError } from "../errors.ts";
import { deploymentOf } from "../manifests/index.ts";
import type { Operator } from "../project/index.ts";

/**
 * Deletes every object of the operator's kinds and waits until they are gone. After `timeoutMs` nobody runs the operator,
 * or it cannot finish: its own finalizers are then taken off, and each object is named.
 *
 * @throws CliError when a finalizer of somebody else keeps an object.
 */
export async function drain(client: Client, operator: Operator, timeoutMs: number): Promise<void> {
  try {
    await drainOperator({
      ...operator,
      client,
      timeoutMs,
      objects: "delete",
      deployment: deploymentOf(operator.name),
      report: console.log,
    });
  } catch (error) {
    if (error instanceof ForeignFinalizersError) throw new CliError(error.message, { cause: error });
    throw error;
  }
}
