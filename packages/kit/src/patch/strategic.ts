import type { SchemaNode } from "../schema/index.ts";
/** Applies a strategic merge patch. @throws PatchError */
export function applyStrategicMergePatch<T extends object>(_document: T, _patch: unknown, _schema: SchemaNode): T {
  throw new Error("not yet");
}
