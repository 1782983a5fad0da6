import type { KubeObject } from "@outrigger/kit/api";
import type { SchemaNode } from "@outrigger/kit/schema";
import { CelError, celJson, checkFieldPaths, compileCel, type Declaration } from "@outrigger/machinery/cel";
import { applyJsonPatch, mergeConfiguration, PatchError } from "@outrigger/machinery/patch";
import { type Mutation, policyVariables } from "../../registry/index.ts";

/** An object as a mutation leaves it. */
export type Patcher = (object: KubeObject, variables: Readonly<Record<string, unknown>>, schema: SchemaNode) => KubeObject;

/** A mutation that could not be made: what a policy's failurePolicy is about. */
export class MutationError extends Error {}

/**
 * Compiles one mutation of a policy. After `k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch`.
 *
 * @returns a function that throws MutationError or CelError where the mutation cannot be made
 */
export function compilePatch(mutation: Mutation, params: boolean, composed: ReadonlyMap<string, Declaration>): Patcher {
  const { applyConfiguration, jsonPatch, patchType } = mutation;
  const expression = (patchType === "JSONPatch" ? jsonPatch : applyConfiguration)?.expression ?? "";
  let program: ReturnType<typeof compileCel>;
  try {
    program = compileCel(expression, { variables: policyVariables(params, composed), mutation: true });
  } catch (error) {
    // Validation refuses those; one that was stored before fails when it is asked.
    return () => {
      throw error;
    };
  }
  const evaluate = (variables: Readonly<Record<string, unknown>>): unknown => {
    try {
      return program.evaluate(variables, { keep: true });
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      throw new MutationError(`expression '${expression}' resulted in error: ${error.message}`);
    }
  };
  return patchType === "JSONPatch"
    ? (object, variables) => patched(object, evaluate(variables))
    : (object, variables, schema) => applied(object, evaluate(variables), schema);
}

function patched(object: KubeObject, value: unknown): KubeObject {
  const operations = [...(value as Iterable<{ get(key: string): unknown; keys(): Iterable<unknown> }>)].map((operation) => {
    checkFieldPaths(operation.get("value"));
    const given = celJson(operation) as { from?: string };
    if (given.from === "") delete given.from;
    return given;
  });
  try {
    return structuredClone(applyJsonPatch(object, operations as never));
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    // A `test` that fails is how an expression says that nothing is to be done.
    if (/testing value|test failed/i.test(error.message)) return object;
    throw new MutationError(`JSON Patch: ${error.message}`);
  }
}

function applied(object: KubeObject, value: unknown, schema: SchemaNode): KubeObject {
  checkFieldPaths(value);
  const { apiVersion, kind } = object;
  const configuration = { ...(celJson(value) as object), apiVersion, kind } as KubeObject;
  try {
    return mergeConfiguration(object, configuration, schema);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    throw new MutationError(`error applying patch: ${error.message}`);
  }
}
