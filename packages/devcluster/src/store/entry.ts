import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from "@outrigger/kit/api";

/**
 * One revision of one object. It holds the encoded text; the parsed form comes back from it when the garbage
 * collector took it, so that thousands of idle objects cost their text and their labels and no more. Text, not a Buffer:
 * small Buffers are slices of shared slabs, and one that is kept keeps its whole slab.
 */
export class Entry {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  /** JSON. */
  readonly text: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  #parsed: WeakRef<KubeObject>;

  constructor(key: string, revision: number, encoded: EncodedObject) {
    const { metadata } = encoded.object;
    this.key = key;
    this.namespace = metadata.namespace ?? "";
    this.name = metadata.name ?? "";
    this.revision = revision;
    this.text = encoded.text;
    this.labels = metadata.labels;
    this.#parsed = new WeakRef(encoded.object);
  }

  /** The parsed object, shared by all readers. */
  get object(): KubeObject {
    let object = this.#parsed.deref();
    if (!object) {
      object = this.copy();
      this.#parsed = new WeakRef(object);
    }
    return object;
  }

  /** A parsed object of the caller's own. */
  copy(): KubeObject {
    return JSON.parse(this.text) as KubeObject;
  }
}

export interface EncodedObject {
  readonly object: KubeObject;
  /** JSON. */
  readonly text: string;
}

/** What every encoded object of a kind begins with; a typed list leaves these two fields out of its items. */
export function objectPrefix(kind: string, apiVersion: string): string {
  return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
}

/** Encodes with `kind`, `apiVersion` and `metadata` first, metadata in the order of Kubernetes' own encoder. */
export function encodeObject(object: KubeObject): EncodedObject {
  const { kind, apiVersion, metadata, ...rest } = object;
  const ordered: KubeObject = { kind, apiVersion, metadata: orderedMetadata(metadata), ...rest };
  return { object: ordered, text: JSON.stringify(ordered) };
}

const metadataOrder = [
  "name",
  "generateName",
  "namespace",
  "selfLink",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
] as const;

function orderedMetadata(metadata: ObjectMeta): ObjectMeta {
  const ordered: Record<string, unknown> = {};
  for (const field of metadataOrder) if (metadata[field] !== undefined) ordered[field] = metadata[field];
  if (metadata.managedFields) ordered["managedFields"] = metadata.managedFields.map(orderedManager);
  return ordered as ObjectMeta;
}

function orderedManager({ manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource }: ManagedFieldsEntry): object {
  return { manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource };
}
