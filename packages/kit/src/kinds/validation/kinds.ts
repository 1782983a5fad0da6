import type { Cause, KubeObject } from "../../api/index.ts";
/** What validation reads of a row. */
export interface Judged {
  readonly group: string;
  readonly kind: string;
  readonly scope: "Namespaced" | "Cluster";
}
/** Everything wrong with a new object, its metadata included. */
export function validateKind(_row: Judged, _object: KubeObject): Cause[] {
  return [];
}
/** Everything wrong with a change, metadata included; `subresource` is "" for the object itself. */
export function validateKindUpdate(_row: Judged, _object: KubeObject, _old: KubeObject, _subresource: string): Cause[] {
  return [];
}
/** The texts of the `Warning: 299` headers for a create or (with `old`) an update. */
export function warningsFor(_row: Judged, _object: KubeObject, _old?: KubeObject): string[] {
  return [];
}
