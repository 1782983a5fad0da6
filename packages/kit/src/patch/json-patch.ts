/** One operation of RFC 6902. */
export interface JsonPatchOperation {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}
/** The API server refuses longer patches (413). */
export const MAX_JSON_PATCH_OPERATIONS = 10_000;

/** Applies a JSON patch. @throws PatchError */
export function applyJsonPatch<T>(_document: T, _operations: unknown): T {
  throw new Error("not yet");
}
