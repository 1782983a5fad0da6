import { type Cause, type KubeObject, pathSegmentProblems } from "@outrigger/kit/api";
import { Findings } from "./findings.ts";
import { subdomainName } from "./formats.ts";
import { findOtherFinalizers, validateAnyMeta, validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { segmentName, type UpdateStep, VALIDATORS, type ValidationOptions, type Validator } from "./validators.ts";

/** What validation reads of a row. */
export interface Judged {
  readonly group: string;
  readonly kind: string;
  readonly scope: "Namespaced" | "Cluster";
  /** False for what is answered but never stored: it needs no name. */
  readonly stored?: boolean;
}

function validatorOf({ group, kind }: Judged): Validator {
  return VALIDATORS[`${kind}.${group}`] ?? {};
}

/** Groups that are served by libraries of their own, where finalizers may have any qualified name, as the definitions' own has. */
const generic: ReadonlySet<string> = new Set(["apiextensions.k8s.io", "apiregistration.k8s.io"]);
const metaOf = ({ group }: Judged): typeof validateObjectMeta => (generic.has(group) ? validateAnyMeta : validateObjectMeta);

/** Everything wrong with a new object, its metadata included; its name must have been generated. */
export function validateKind(row: Judged, object: KubeObject, options: ValidationOptions = {}): Cause[] {
  const { name = subdomainName, create } = validatorOf(row);
  const found = new Findings();
  if (row.stored !== false) found.causes.push(...metaOf(row)(object.metadata, { scope: row.scope, nameProblems: name }));
  create?.(found, object, options);
  // What a kind lets pass must still do as a segment of a path.
  if (found.causes.length === 0 && row.stored !== false && name !== segmentName) {
    found.invalidEach("metadata.name", object.metadata.name, pathSegmentProblems(object.metadata.name ?? ""));
  }
  return found.causes;
}

/**
 * Everything wrong with a change. What is wrong with metadata comes several times for most kinds, as in Kubernetes,
 * where both the registry and the kind look at it.
 *
 * @param subresource "" for the object itself.
 */
export function validateKindUpdate(
  row: Judged,
  object: KubeObject,
  old: KubeObject,
  subresource: string,
  options: ValidationOptions = {},
): Cause[] {
  const { name = subdomainName, create, change, subresources, onUpdate, onSubresource } = validatorOf(row);
  const found = new Findings();
  const changed = subresource === "" ? change : subresources?.[subresource];
  const steps: Record<UpdateStep, () => void> = {
    "metadata change": () => {
      found.causes.push(...validateObjectMetaUpdate(object.metadata, old.metadata));
      if (!generic.has(row.group)) findOtherFinalizers(found, object.metadata);
    },
    metadata: () => found.causes.push(...metaOf(row)(object.metadata, { scope: row.scope, nameProblems: name })),
    object: () => create?.(found, object, options),
    change: () => changed?.(found, object, old),
  };
  const ofObject = onUpdate ?? ["metadata change", "object", "change"];
  const ofSubresource = (changed && onSubresource) ?? ["metadata change", "change"];
  found.causes.push(...validateAnyMeta(object.metadata, { scope: row.scope, nameProblems: segmentName }));
  found.causes.push(...validateObjectMetaUpdate(object.metadata, old.metadata));
  for (const step of subresource === "" ? ofObject : ofSubresource) steps[step]();
  return found.causes;
}

/** The texts of the `Warning: 299` headers for a create or (with `old`) an update. */
export function warningsFor(row: Judged, object: KubeObject, old?: KubeObject): string[] {
  const { warnings } = validatorOf(row);
  const texts = warnings?.(object, old) ?? [];
  // A name cannot be changed any more: only its choice is commented on.
  return old ? texts.filter((warning) => !warning.startsWith("metadata.name:")) : texts;
}
