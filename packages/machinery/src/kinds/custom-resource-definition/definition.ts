import type { KubeObject } from "@outrigger/kit/api";
import type { SchemaNode } from "@outrigger/kit/schema";

/** The parts of a `CustomResourceDefinition` that serving reads. */
export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string;
    scope: "Namespaced" | "Cluster";
    names: DefinitionNames;
    versions: DefinitionVersion[];
    conversion?: { strategy: string; webhook?: { clientConfig: Record<string, unknown>; conversionReviewVersions: string[] } };
    preserveUnknownFields?: boolean;
  };
  status?: { conditions?: DefinitionCondition[] | null; acceptedNames?: DefinitionNames; storedVersions?: string[] };
}
export interface DefinitionNames {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}
export interface DefinitionVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: SchemaNode };
  subresources?: { status?: object; scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string } };
  additionalPrinterColumns?: { name: string; type: string; format?: string; priority?: number; jsonPath: string }[];
  selectableFields?: { jsonPath: string }[];
}
export interface DefinitionCondition {
  type: string;
  status: "True" | "False" | "Unknown";
  lastTransitionTime?: string | null;
  reason?: string;
  message?: string;
}

export function definitionCondition(definition: CustomResourceDefinition, type: string): DefinitionCondition | undefined {
  return definition.status?.conditions?.find((one) => one.type === type);
}

/** The conditions with one of them set; its time moves only when its status does. */
export function withDefinitionCondition(
  conditions: readonly DefinitionCondition[],
  condition: Omit<DefinitionCondition, "lastTransitionTime">,
  now: string,
): DefinitionCondition[] {
  const before = conditions.find(({ type }) => type === condition.type);
  const { type, status, reason, message } = condition;
  const next: DefinitionCondition = {
    type,
    status,
    lastTransitionTime: before?.status === status && before.lastTransitionTime ? before.lastTransitionTime : now,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
  return before ? conditions.map((one) => (one === before ? next : one)) : [...conditions, next];
}
