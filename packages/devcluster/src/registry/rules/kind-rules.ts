import type { Cause, KubeObject } from "@outrigger/kit/api";
import type { ClusterReader, UserInfo } from "../contracts.ts";

/** What a rule may know beside the object. */
export interface RuleContext {
  readonly user: UserInfo;
  readonly reader: ClusterReader;
  /** Adds a `Warning: 299` header to the answer. */
  warn(text: string): void;
}

export interface KindRules {
  /** `false`: an update must carry a resourceVersion. */
  readonly unconditionalUpdate?: false;
  /** `true`: a PUT to a name that does not exist creates it. */
  readonly createOnUpdate?: true;
  /** `true`: a delete answers with the deleted object, not with a Status. */
  readonly returnsDeleted?: true;
  /** `true`: a create may say the status. */
  readonly ownStatus?: true;
  /** Said to whoever deletes without saying what becomes of dependents. */
  readonly deleteWarning?: string;
  /** After decoding and defaulting: fields that are written in one place and kept in another. */
  decoded?(object: KubeObject): void;
  /** What a delete does to dependents when the caller says nothing: `Orphan`, or `None` where collection does not apply. */
  readonly collection?: "Orphan" | "None";
  /** Kinds that end in their own time: the seconds of grace for a delete that asked for `requested`. */
  gracePeriod?(object: KubeObject, requested: number | undefined): number;
  /** After status and generation were set. Changes `object`. */
  prepareForCreate?(object: KubeObject, context: RuleContext): void;
  /** After protected fields were restored, before the generation is compared. Changes `object`. */
  prepareForUpdate?(object: KubeObject, old: KubeObject, subresource: string, context: RuleContext): void;
  /** What is wrong beyond what the row's validation finds; `old` on an update. */
  validate?(object: KubeObject, old: KubeObject | undefined, subresource: string): Cause[];
  /** Values that only the server gives (addresses, ports), once the object is known to be valid. Throws refusals. */
  allocate?(object: KubeObject, old: KubeObject | undefined, context: RuleContext): Cause[];
  /** Whether the change counts for `metadata.generation`, where that is not "anything but metadata and status". */
  generationChanges?(object: KubeObject, old: KubeObject): boolean;
  /** Deletion in place of the usual one: `keep` leaves the object, marked as being deleted. */
  beforeDelete?(object: KubeObject): "keep" | "remove";
  /** Whether an update that empties the finalizers of a deleted object may remove it. */
  removable?(object: KubeObject): boolean;
  /** Values of selectable fields that are not simply at their path. */
  fieldValue?(object: KubeObject, path: string): string | undefined;
}
