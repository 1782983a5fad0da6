/**
 * `outrigger inject`: the manager's decision about pods, made on files.
 *
 * Guarantees
 * - The decision is the manager's own (`decide`): what is applied is what admission would have made of the file.
 * - Edits are spliced into the text: comments, order of keys, quotes, anchors, line ends and all other documents stay byte for byte.
 *   The result is parsed and compared with what it should be before it is given out.
 * - `--uninject` gives the original bytes. Of a file that was edited since it takes out what was injected, by names, and leaves what
 *   was changed since.
 * - Injecting again gives what the rules of today say, and changes nothing where they say the same.
 *
 * Assumptions
 * - A comment (in JSON an annotation of the object) stays in the file: the journal by which an injection is taken back.
 *
 * Caveats
 * - What a controller gives to its pods beyond their template (names of pods, labels such as `pod-template-hash`) is not known here.
 */

export { admissionPolicies } from "./admission-policy.ts";
export { type InjectOptions, inject } from "./command.ts";
export { type ReviewOptions, review } from "./review.ts";
