/** Applies a JSON merge patch (RFC 7386). */
export function applyMergePatch(_document: unknown, _patch: unknown): unknown {
  throw new Error("not yet");
}
/** The merge patch that turns `before` into `after`; `{}` where they are equal. */
export function createMergePatch(_before: unknown, _after: unknown): unknown {
  throw new Error("not yet");
}
