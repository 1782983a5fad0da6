import { isDeepStrictEqual } from "node:util";
import { type Cause, dns1035LabelProblems, type KubeObject } from "@outrigger/kit/api";
import { approvalOf } from "./approval.ts";
import type { CustomResourceDefinition, DefinitionVersion } from "./definition.ts";
import { schemaProblems } from "./validate-schema.ts";

/** What is wrong with a definition, beside its metadata (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation). */
export function definitionProblems(object: KubeObject): Cause[] {
  const { metadata, spec, status } = object as CustomResourceDefinition;
  const causes: Cause[] = [];
  const invalid = (field: string, value: unknown, why: string): void => {
    causes.push({ reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field });
  };
  const required = (field: string, why = ""): void => {
    causes.push({ reason: "FieldValueRequired", message: `Required value${why === "" ? "" : `: ${why}`}`, field });
  };
  const { group = "", names } = spec;
  // Go writes a list that holds nothing as null.
  const versions = spec.versions ?? [];
  const approval = approvalOf({ metadata, spec: { group } });
  const approvalField = "metadata.annotations[api-approved.kubernetes.io]";
  if (approval?.reason === "MissingAnnotation") required(approvalField, approval.message);
  if (approval?.reason === "InvalidAnnotation")
    invalid(approvalField, metadata.annotations?.["api-approved.kubernetes.io"], approval.message);
  if (metadata.name?.toLowerCase() !== `${names.plural}.${group}`.toLowerCase())
    invalid("metadata.name", metadata.name ?? "", 'must be spec.names.plural+"."+spec.group');
  if (spec.scope !== "Cluster" && spec.scope !== "Namespaced") {
    causes.push({
      reason: "FieldValueNotSupported",
      message: `Unsupported value: ${JSON.stringify(spec.scope)}: supported values: "Cluster", "Namespaced"`,
      field: "spec.scope",
    });
  }
  versionProblems(versions, invalid);
  if (spec.preserveUnknownFields) {
    invalid(
      "spec.preserveUnknownFields",
      true,
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
    );
  }
  nameProblems(spec, invalid);
  const { conversion } = spec;
  if (conversion?.strategy === "Webhook") {
    if (!conversion.webhook?.clientConfig) required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook");
    if (!conversion.webhook?.conversionReviewVersions?.length) required("spec.conversion.conversionReviewVersions");
  }
  for (const [index, version] of versions.entries()) {
    causes.push(
      ...partProblems(
        version,
        (part, own) => (shared(versions, part) ? `spec.${part}` : `spec.versions[${index}].${own}`),
        index,
        versions,
      ),
    );
  }
  storedProblems(versions, status?.storedVersions ?? [], invalid);
  return causes;
}

type Invalid = (field: string, value: unknown, why: string) => void;

function versionProblems(versions: readonly DefinitionVersion[], invalid: Invalid): void {
  const shown = versions.map((version) => ({
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: null,
    Subresources: null,
    AdditionalPrinterColumns: null,
    SelectableFields: null,
  }));
  if (new Set(versions.map(({ name }) => name)).size !== versions.length)
    invalid("spec.versions", shown, "must contain unique version names");
  if (versions.filter(({ storage }) => storage).length !== 1)
    invalid("spec.versions", shown, "must have exactly one version marked as storage version");
}

function storedProblems(versions: readonly DefinitionVersion[], stored: readonly string[], invalid: Invalid): void {
  if (stored.length === 0) {
    invalid("status.storedVersions", null, "must have at least one stored version");
    return;
  }
  const known = versions.map(({ name }) => name);
  const storage = versions.filter((version) => version.storage).at(-1)?.name;
  if (storage !== undefined && !stored.includes(storage))
    invalid("status.storedVersions", stored, `must have the storage version ${storage}`);
  for (const [index, name] of stored.entries()) {
    if (known.includes(name)) continue;
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    invalid(`status.storedVersions[${index}]`, name, why);
  }
}

function nameProblems({ names }: CustomResourceDefinition["spec"], invalid: Invalid): void {
  for (const problem of dns1035LabelProblems(names.plural)) invalid("spec.names.plural", names.plural, problem);
  for (const problem of names.singular ? dns1035LabelProblems(names.singular) : []) invalid("spec.names.singular", names.singular, problem);
  for (const field of ["kind", "listKind"] as const) {
    const name = names[field];
    if (name)
      for (const problem of dns1035LabelProblems(name.toLowerCase()))
        invalid(`spec.names.${field}`, name, `may have mixed case, but should otherwise match: ${problem}`);
  }
  for (const [index, name] of (names.shortNames ?? []).entries()) {
    for (const problem of dns1035LabelProblems(name)) invalid(`spec.names.shortNames[${index}]`, name, problem);
  }
}

const parts = {
  validation: "schema",
  subresources: "subresources",
  additionalPrinterColumns: "additionalPrinterColumns",
  selectableFields: "selectableFields",
} as const;
type Part = keyof typeof parts;

/** What all versions have alike is judged once, in the place where Kubernetes keeps it internally. */
function shared(versions: readonly DefinitionVersion[], part: Part): boolean {
  return versions.every((version) => isDeepStrictEqual(version[parts[part]], versions[0]?.[parts[part]]));
}

function partProblems(
  version: DefinitionVersion,
  place: (part: Part, own: string) => string,
  index: number,
  versions: readonly DefinitionVersion[],
): Cause[] {
  const causes: Cause[] = [];
  const once = (part: Part): boolean => index === 0 || !shared(versions, part);
  const invalid: Invalid = (field, value, why) =>
    causes.push({ reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field });
  const required = (field: string): void => void causes.push({ reason: "FieldValueRequired", message: "Required value", field });
  const schema = version.schema?.openAPIV3Schema;
  if (!schema) required(`spec.versions[${index}].schema.openAPIV3Schema`);
  else if (once("validation")) causes.push(...schemaProblems(schema, `${place("validation", "schema")}.openAPIV3Schema`));
  const scale = version.subresources?.scale;
  if (scale && once("subresources")) {
    const at = place("subresources", "subresources");
    for (const field of ["specReplicasPath", "statusReplicasPath"] as const) {
      const path = scale[field] ?? "";
      if (path === "") required(`${at}.scale.${field}`);
      else if (!path.startsWith(".")) invalid(`${at}.scale.${field}`, path, "must be a simple json path starting with .");
      else if (!path.startsWith(field === "specReplicasPath" ? ".spec." : ".status."))
        invalid(`${at}.scale.${field}`, path, `should be a json path under ${field === "specReplicasPath" ? ".spec" : ".status"}`);
    }
  }
  if (once("additionalPrinterColumns")) {
    for (const [number, column] of (version.additionalPrinterColumns ?? []).entries()) {
      const at = `${place("additionalPrinterColumns", "additionalPrinterColumns")}[${number}]`;
      const known = ["boolean", "date", "integer", "number", "string"];
      if (!known.includes(column.type)) invalid(`${at}.type`, column.type, `must be one of ${known.join(",")}`);
      if (!column.jsonPath?.startsWith(".")) invalid(`${at}.JSONPath`, column.jsonPath, "must be a simple json path starting with .");
    }
  }
  if (once("selectableFields")) {
    for (const [number, { jsonPath }] of (version.selectableFields ?? []).entries()) {
      if (!selectable(schema, jsonPath))
        invalid(
          `${place("selectableFields", "selectableFields")}[${number}].jsonPath`,
          jsonPath,
          "is an invalid path: does not refer to a valid field",
        );
    }
  }
  return causes;
}

function selectable(schema: NonNullable<DefinitionVersion["schema"]>["openAPIV3Schema"], path: string): boolean {
  let node = schema;
  for (const field of path.split(".").slice(1)) node = node?.properties?.[field];
  return node !== undefined;
}
