import type { KubeObject } from "@outrigger/kit/api";
import type { Caller, RegistryParts, Target, WriteOptions } from "./context.ts";
import type { Admission, AdmissionAttributes } from "./contracts.ts";
import { goTypeProblem } from "./go-types.ts";

export interface AdmissionStep {
  readonly operation: AdmissionAttributes["operation"];
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly options: Pick<WriteOptions, "dryRun" | "sent">;
  readonly optionsKind: "CreateOptions" | "UpdateOptions" | "DeleteOptions";
  /** The kind of the body, where a subresource has its own (`Scale`, `Binding`). */
  readonly kind?: { group: string; version: string; kind: string };
}

/** What the admission chain is told about a request. */
export function attributesFor(target: Target, caller: Caller, step: AdmissionStep): AdmissionAttributes {
  const { resource, namespace, name, subresource } = target;
  return {
    operation: step.operation,
    resource: { group: resource.group, version: resource.version, resource: resource.plural },
    subresource,
    kind: step.kind ?? { group: resource.group, version: resource.version, kind: resource.kind },
    scope: resource.scope,
    name,
    namespace: resource.scope === "Namespaced" || resource.plural !== "namespaces" ? namespace : name,
    object: step.object,
    oldObject: step.oldObject,
    options: { kind: step.optionsKind, apiVersion: "meta.k8s.io/v1", ...step.options.sent },
    dryRun: step.options.dryRun,
    userInfo: caller.user,
    warn: caller.warn,
    annotate: caller.annotate,
    defaulted(object) {
      // The body of a subresource has a kind of its own, which this resource's schema does not describe.
      if (step.kind) return object;
      const problem = resource.custom ? undefined : goTypeProblem(resource, object);
      if (problem) throw new Error(problem);
      resource.strategy.prune(object);
      resource.strategy.default(object);
      return object;
    },
  };
}

/** Runs the mutating part and returns what became of the object. */
export async function mutate(parts: RegistryParts, attributes: AdmissionAttributes): Promise<KubeObject> {
  await parts.admission.mutate(attributes);
  return attributes.object!;
}

/** For writes that are part of another, which was admitted itself. */
export const admitted: Admission = { mutate: async () => {}, validate: async () => {} };
