import { type Cause, dnsLabelProblems, labelValueProblems, type ObjectMeta, qualifiedNameProblems } from "@outrigger/kit/api";
import { type Fields, textEntries } from "./fields.ts";
import { Findings } from "./findings.ts";
import { subdomainName } from "./formats.ts";

export interface ObjectMetaRules {
  readonly scope: "Namespaced" | "Cluster";
  /** What is wrong with a name; `prefix` is true for a `generateName`. A DNS subdomain when absent. */
  readonly nameProblems?: (name: string, prefix: boolean) => readonly string[];
  /** `metadata` when absent. */
  readonly path?: string;
}

/** All annotations together, in bytes. */
const MAX_ANNOTATIONS_SIZE = 256 * 1024;
const STANDARD_FINALIZERS = ["kubernetes", "orphan", "foregroundDeletion"];

/** Validates the metadata of a new object, its name generated (`apimachinery/pkg/api/validation.ValidateObjectMeta`). */
export function validateObjectMeta(metadata: ObjectMeta, rules: ObjectMetaRules): Cause[] {
  const { scope, nameProblems = subdomainName, path = "metadata" } = rules;
  const found = new Findings();
  found.causes.push(...validateAnyMeta(metadata, { scope, nameProblems, path }));
  findOtherFinalizers(found, metadata, path);
  return found.causes;
}

/** What the registry asks of every object's metadata, whatever its kind (`ValidateObjectMetaAccessor`). */
export function validateAnyMeta(metadata: ObjectMeta, rules: ObjectMetaRules): Cause[] {
  const { scope, nameProblems = subdomainName, path = "metadata" } = rules;
  const found = new Findings();
  const { name = "", generateName = "", namespace = "" } = metadata;
  if (generateName !== "") found.invalidEach(`${path}.generateName`, generateName, nameProblems(generateName, true));
  if (name === "") found.required(`${path}.name`, "name or generateName is required");
  else found.invalidEach(`${path}.name`, name, nameProblems(name, false));
  if (scope === "Cluster") {
    if (namespace !== "") found.forbidden(`${path}.namespace`, "not allowed on this type");
  } else if (namespace === "") found.required(`${path}.namespace`);
  else found.invalidEach(`${path}.namespace`, namespace, dnsLabelProblems(namespace));
  found.nonNegative(`${path}.generation`, metadata.generation);
  findInCommon(found, metadata, path, true);
  return found.causes;
}

/** Finalizers that are neither Kubernetes' own nor anybody's by a domain: built-in kinds refuse them. */
export function findOtherFinalizers(found: Findings, metadata: ObjectMeta, path = "metadata"): void {
  for (const [index, finalizer] of (metadata.finalizers ?? []).entries()) {
    if (!finalizer.includes("/") && !STANDARD_FINALIZERS.includes(finalizer)) {
      found.invalid(`${path}.finalizers[${index}]`, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
    }
  }
}

/** Validates a change of metadata (`ValidateObjectMetaAccessorUpdate`). */
export function validateObjectMetaUpdate(metadata: ObjectMeta, old: ObjectMeta, path = "metadata"): Cause[] {
  const found = new Findings();
  if (old.deletionTimestamp) {
    const added = [...new Set(metadata.finalizers ?? [])].filter((finalizer) => !old.finalizers?.includes(finalizer)).sort();
    if (added.length > 0) {
      const list = `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(", ")}}`;
      found.forbidden(`${path}.finalizers`, `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`);
    }
  }
  if (!metadata.resourceVersion) found.invalid(`${path}.resourceVersion`, "", "must be specified for an update");
  const generation = metadata.generation ?? 0;
  if (generation < (old.generation ?? 0)) found.invalid(`${path}.generation`, generation, "must not be decremented");
  for (const field of ["name", "namespace", "uid"] as const) {
    if ((metadata[field] ?? "") !== (old[field] ?? "")) found.invalid(`${path}.${field}`, metadata[field] ?? "", "field is immutable");
  }
  for (const field of ["creationTimestamp", "deletionTimestamp"] as const) {
    if (!sameTime(metadata[field], old[field])) found.invalid(`${path}.${field}`, metadata[field] ?? null, "field is immutable");
  }
  if (metadata.deletionGracePeriodSeconds !== old.deletionGracePeriodSeconds) {
    found.invalid(`${path}.deletionGracePeriodSeconds`, metadata.deletionGracePeriodSeconds ?? null, "field is immutable");
  }
  findInCommon(found, metadata, path, false);
  return found.causes;
}

function sameTime(a: string | undefined, b: string | undefined): boolean {
  return (a ?? "") === (b ?? "") || (a !== undefined && b !== undefined && Date.parse(a) === Date.parse(b));
}

function findInCommon(found: Findings, metadata: ObjectMeta, path: string, finalizers: boolean): void {
  findInLabels(found, metadata as Fields, "labels", `${path}.labels`);
  findInAnnotations(found, metadata as Fields, `${path}.annotations`);
  findInOwners(found, metadata.ownerReferences ?? [], `${path}.ownerReferences`);
  if (finalizers) findInFinalizers(found, metadata.finalizers ?? [], `${path}.finalizers`);
  findInManagedFields(found, metadata.managedFields ?? [], `${path}.managedFields`);
}

/** Labels, and what is shaped like them: selectors of Services, node selectors. */
export function findInLabels(found: Findings, holder: Fields | undefined, field: string, path: string): void {
  for (const [key, value] of textEntries(holder, field)) {
    found.invalidEach(path, key, qualifiedNameProblems(key));
    found.invalidEach(path, value, labelValueProblems(value));
  }
}

export function findInAnnotations(found: Findings, holder: Fields | undefined, path: string): void {
  let size = 0;
  for (const [key, value] of textEntries(holder, "annotations")) {
    found.invalidEach(path, key, qualifiedNameProblems(key.toLowerCase()));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > MAX_ANNOTATIONS_SIZE) found.tooLong(path, MAX_ANNOTATIONS_SIZE);
}

function findInOwners(found: Findings, owners: NonNullable<ObjectMeta["ownerReferences"]>, path: string): void {
  let controller = "";
  for (const owner of owners) {
    const { apiVersion = "", kind = "", name = "", uid = "" } = owner;
    const version = apiVersion.split("/").at(-1) ?? "";
    if (version === "") found.invalid(`${path}.apiVersion`, apiVersion, "version must not be empty");
    if (kind === "") found.invalid(`${path}.kind`, kind, "must not be empty");
    if (name === "") found.invalid(`${path}.name`, name, "must not be empty");
    if (uid === "") found.invalid(`${path}.uid`, uid, "must not be empty");
    if (apiVersion === "v1" && kind === "Event") found.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
    if (owner.controller !== true) continue;
    const current = `${kind}/${name}`;
    if (controller !== "") {
      const problem = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`;
      found.invalid(path, owners, problem);
    } else controller = current;
  }
}

function findInFinalizers(found: Findings, finalizers: readonly string[], path: string): void {
  for (const finalizer of finalizers) found.invalidEach(path, finalizer, qualifiedNameProblems(finalizer));
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    found.invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
  }
}

function findInManagedFields(found: Findings, entries: NonNullable<ObjectMeta["managedFields"]>, path: string): void {
  for (const [index, entry] of entries.entries()) {
    const at = `${path}[${index}]`;
    const operation: string = entry.operation ?? "";
    if (operation !== "Apply" && operation !== "Update") found.invalid(`${at}.operation`, operation, "must be `Apply` or `Update`");
    if (entry.fieldsType && entry.fieldsType !== "FieldsV1") found.invalid(`${at}.fieldsType`, entry.fieldsType, "must be `FieldsV1`");
    if (Buffer.byteLength(entry.manager ?? "") > 128) found.tooLong(`${at}.manager`, 128);
    if (Buffer.byteLength(entry.subresource ?? "") > 256) found.tooLong(`${at}.subresource`, 256);
  }
}
