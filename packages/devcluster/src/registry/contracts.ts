import type { Cause, GroupVersionKind, GroupVersionResource, KubeObject } from "@outrigger/kit/api";
import type { SchemaNode } from "@outrigger/kit/schema";
import type { ColumnRow, KindRow } from "@outrigger/machinery/kinds";

/** Who asks: what authentication found out, as AdmissionReviews and RBAC see it. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/**
 * One resource that the server serves in one version: a row of the kinds table or a version of a
 * CustomResourceDefinition. The engine works on these alone and names no kind.
 */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly verbs: readonly string[];
  readonly subresources: Readonly<
    Record<string, { readonly kind: string; readonly group?: string; readonly version?: string; readonly verbs: readonly string[] }>
  >;
  readonly storageVersionHash: string;
  readonly selectableFields: readonly string[];
  readonly stored: boolean;
  /** The version in which objects lie in the store. Versions of one resource share one storage. */
  readonly storageVersion: string;
  /** A custom resource: merge patch only, JSON `null`s kept out, schema from its definition. */
  readonly custom: boolean;
  readonly schema: SchemaNode;
  readonly columns: readonly ColumnRow[];
  /** The cells of one object, in the order of `columns`. */
  cells(object: KubeObject, now: Date): unknown[];
  readonly strategy: Strategy;
  /** Said to whoever uses this version (`Warning: 299`). */
  readonly deprecation?: string;
  /** The row that a built-in kind was made from. */
  readonly row?: KindRow;
}

/** What is particular to a kind on its way into the store, after `k8s.io/apiserver/pkg/registry/rest`. */
export interface Strategy {
  /** Unknown and duplicate fields, as `fieldValidation` reports them; removes what the schema does not know. */
  prune(object: KubeObject): readonly string[];
  /** Fills defaults in; called after decoding and again after each mutating step. Changes `object`. */
  default(object: KubeObject): void;
  /** Before validation of a create; sets what the server owns (status, generation, allocated values). Changes `object`. */
  prepareForCreate(object: KubeObject): void;
  /** Before validation of an update, by subresource ("" for the object itself): restores what this path may not write, bumps generation. */
  prepareForUpdate(object: KubeObject, old: KubeObject, subresource: string): void;
  validate(object: KubeObject): Cause[];
  validateUpdate(object: KubeObject, old: KubeObject, subresource: string): Cause[];
  /** Warnings for the client (`Warning: 299`), for a create or an update. */
  warnings(object: KubeObject, old?: KubeObject): string[];
  /** Gives the object in another served version; built-in kinds with one shape only rename `apiVersion`. */
  convert(objects: readonly KubeObject[], version: string): Promise<KubeObject[]>;
}

/**
 * Adds an annotation to the audit event of a request; the first value of a key stays. An annotation of the level `Request`
 * is written only where the audit policy has the request's body written.
 */
export type Annotate = (key: string, value: string, level?: "Metadata" | "Request") => void;

/** A request on its way through admission, after `k8s.io/apiserver/pkg/admission.Attributes`. */
export interface AdmissionAttributes {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly resource: GroupVersionResource;
  readonly subresource: string;
  readonly kind: GroupVersionKind;
  readonly scope: "Namespaced" | "Cluster";
  readonly name: string;
  readonly namespace: string;
  /** The object that would be stored; a mutating step may replace it. Absent for DELETE. */
  object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  /** CreateOptions, UpdateOptions, PatchOptions or DeleteOptions as sent. */
  readonly options: KubeObject | Record<string, unknown>;
  readonly dryRun: boolean;
  readonly userInfo: UserInfo;
  /** Adds a `Warning: 299` header to the answer. */
  warn(text: string): void;
  /** Absent where no audit event is written. */
  readonly annotate?: Annotate | undefined;
  /** Called by a mutating step after it changed `object`: defaults and prunes it anew, as the apiserver does after each patch. */
  defaulted(object: KubeObject): KubeObject;
}

/** The admission chain as the registry calls it. Refusals are thrown as `StatusError`. */
export interface Admission {
  mutate(attributes: AdmissionAttributes): Promise<void>;
  validate(attributes: AdmissionAttributes): Promise<void>;
}

/** What admission and converters read of the cluster, without a round trip. Objects are frozen or must not be changed. */
export interface ClusterReader {
  get(group: string, plural: string, key: { namespace?: string; name: string }): KubeObject | undefined;
  list(group: string, plural: string): readonly KubeObject[];
  /** Grows with each write of the resource: a cache key for what was derived from `list`. */
  version(group: string, plural: string): number;
}
