import { isDeepStrictEqual } from "node:util";
import type { Cause } from "@outrigger/kit/api";
import { applyMergePatch } from "@outrigger/kit/patch";
import type { Draft } from "../pod/index.ts";
import type { CompiledSidecarSet } from "./compile.ts";

/**
 * A set's `patchPodMetadata` at injection: `Retain` (the default) adds annotations that the pod lacks, `Overwrite` sets
 * them, `MergePatchJson` merges JSON values (RFC 7396). An unknown policy does nothing, as in kruise.
 */
export function patchPodMetadata(
  draft: Draft,
  set: CompiledSidecarSet,
): { changed: string[]; replaced: Record<string, string>; causes: Cause[] } {
  const changed: string[] = [];
  /** What annotations said before. */
  const replaced: Record<string, string> = {};
  const causes: Cause[] = [];
  for (const { annotations, patchPolicy } of set.metadata) {
    for (const [key, value] of Object.entries(annotations ?? {})) {
      const current = Object.hasOwn(draft.annotations, key) ? draft.annotations[key] : undefined;
      let next: string | undefined;
      if (patchPolicy === undefined || patchPolicy === "" || patchPolicy === "Retain") next = current ?? value;
      else if (patchPolicy === "Overwrite") next = value;
      else if (patchPolicy === "MergePatchJson") {
        try {
          next = current === undefined || current === "" ? value : merged(current, value);
        } catch (error) {
          causes.push({
            reason: "FieldValueInvalid",
            field: `metadata.annotations[${key}]`,
            message: `Invalid value: ${JSON.stringify(current)}: SidecarSet ${JSON.stringify(set.name)} merges JSON into it: ${(error as Error).message}`,
          });
        }
      }
      if (next === undefined || next === current) continue;
      draft.setAnnotation(key, next);
      changed.push(key);
      if (current !== undefined) replaced[key] = current;
    }
  }
  return { changed, replaced, causes };
}

/** The very same text where the merge changes nothing: the first call keeps the set's own text. */
function merged(current: string, value: string): string {
  const before: unknown = JSON.parse(current);
  const after = applyMergePatch(JSON.parse(current), JSON.parse(value));
  return isDeepStrictEqual(before, after) ? current : sortedJson(after);
}

/** JSON with keys in order, as kruise's merge writes it. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
