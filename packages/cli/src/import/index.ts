/**
 * `outrigger import`: the CustomResourceDefinitions of files or of a cluster as source that declares them with `defineResource`.
 *
 * Guarantees
 * - The kit makes the same definition of that source, in the sense of `normal.ts`. This is checked before anything is printed.
 * - A part of a schema that the builder has no word for is kept as it stands (`t.Unsafe`), under a comment.
 * - What no declaration can say is refused with its path. Nothing is left out.
 *
 * Caveats
 * - Types are as narrow as the builder's: CEL rules, patterns and limits are judged by the API server alone.
 * - Functions that convert between versions are code, which no definition holds: they are for the reader to write.
 */
export { type ImportOptions, importDefinitions } from "./command.ts";
