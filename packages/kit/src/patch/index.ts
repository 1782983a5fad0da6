/**
 * The patches that the kit sends: JSON patches (RFC 6902) of two objects, and their base64 for answers of webhooks. What an API
 * server does with a patch is in `@outrigger/machinery/patch`.
 *
 * Guarantees
 * - No function changes what it is given: results are new objects that may share untouched parts with their inputs. `sharedValue`
 *   alone freezes what it is given.
 * - Nothing here names a kind.
 */
export { clone, equal, isObject, type JsonObject, own, put } from "./json.ts";
export { type CreateJsonPatchOptions, createJsonPatch } from "./json-diff.ts";
export type { JsonPatchOperation } from "./operation.ts";
export { patchBase64, sharedValue } from "./patch-base64.ts";
