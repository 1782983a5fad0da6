import type { JsonPatchOperation } from "./json-patch.ts";

export interface CreateJsonPatchOptions {
  /** The fields that tell items of a list of objects apart, tried in order; `["name"]` when absent. */
  readonly keys?: readonly string[];
}

/** A small JSON patch that turns `before` into `after`; `[]` where they are equal. */
export function createJsonPatch(_before: unknown, _after: unknown, _options: CreateJsonPatchOptions = {}): JsonPatchOperation[] {
  throw new Error("not yet");
}
