import type { Cause } from "@outrigger/kit/api";
import type { Draft } from "../pod/index.ts";
import type { CompiledSidecarSet } from "./compile.ts";
import { mergeJson, sayTheSame } from "./merge-json.ts";

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

/**
 * The very same text where the merge says nothing new: the first call keeps the set's own text, and a second one would only
 * write it in another form.
 */
function merged(current: string, value: string): string {
  const next = mergeJson(current, value);
  return sayTheSame(current, next) ? current : next;
}
