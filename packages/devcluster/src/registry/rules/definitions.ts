import type { KubeObject } from "@outrigger/kit/api";
import { definitionProblems } from "@outrigger/machinery/kinds";
import { timestamp } from "../metadata.ts";
import type { KindRules } from "./kind-rules.ts";

interface Version {
  name: string;
  storage?: boolean;
}
interface DefinitionParts {
  spec: { versions?: Version[] };
  status?: { storedVersions?: string[]; conditions?: { type: string; [field: string]: unknown }[] | null; acceptedNames?: object };
}
const parts = (object: KubeObject): DefinitionParts => object as unknown as DefinitionParts;
const cleanup = "customresourcecleanup.apiextensions.k8s.io";

function storageVersions(object: KubeObject): string[] {
  const first = (parts(object).spec.versions ?? []).find(({ storage }) => storage);
  return first ? [first.name] : [];
}

/** After `apiextensions-apiserver/pkg/registry/customresourcedefinition`: versions once stored are remembered. */
export const definitions: KindRules = {
  unconditionalUpdate: false,
  returnsDeleted: true,

  prepareForCreate(object) {
    object["status"] = { conditions: null, acceptedNames: { plural: "", kind: "" }, storedVersions: storageVersions(object) };
  },

  prepareForUpdate(object, _old, subresource) {
    if (subresource !== "") return;
    const stored = parts(object).status?.storedVersions ?? [];
    object["status"] = { ...parts(object).status, storedVersions: [...new Set([...stored, ...storageVersions(object)])] };
  },

  validate: (object, _old, subresource) => (subresource === "" ? definitionProblems(object) : []),

  beforeDelete(object) {
    const { metadata } = object;
    const status = parts(object).status ?? {};
    if (metadata.finalizers?.includes(cleanup)) return "keep";
    metadata.finalizers = [...(metadata.finalizers ?? []), cleanup];
    const condition = {
      type: "Terminating",
      status: "True",
      lastTransitionTime: timestamp(),
      reason: "InstanceDeletionPending",
      message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    };
    object["status"] = { ...status, conditions: [...(status.conditions ?? []), condition] };
    return "keep";
  },
};
