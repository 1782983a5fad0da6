import type { SchemaNode } from "@outrigger/kit/schema";

/**
 * One row of the table of Kubernetes' own kinds: everything an engine needs to know about a kind, so that no engine
 * names one. Derived from what a real API server publishes; see `scripts/kinds`.
 */
export interface KindRow {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The resource's path segment: `pods`. */
  readonly plural: string;
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly verbs: readonly string[];
  /** Subresources by name (`status`, `scale`, `binding`, …) with the kind and verbs that discovery gives them. */
  readonly subresources: Readonly<Record<string, SubresourceRow>>;
  readonly storageVersionHash: string;
  /** Fields that may stand in a field selector, beside `metadata.name` and `metadata.namespace`: path → default when absent. */
  readonly selectableFields: readonly string[];
  readonly columns: readonly ColumnRow[];
  /** False where the kind is answered but never stored (`TokenReview`, `SubjectAccessReview`, `Binding`). */
  readonly stored: boolean;
  /** True where `metadata.generation` counts changes of the spec. */
  readonly generation: boolean;
  /** Top-level fields that a create or a plain update cannot write, because a subresource owns them: usually `status`. */
  readonly resetFields: readonly string[];
  /** The object's schema with references followed; loaded on first use. */
  readonly schema: SchemaNode;
}

export interface SubresourceRow {
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

/** A column of `kubectl get`, as the server prints it. */
export interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: number;
}
