/**
 * `outrigger init` and `outrigger create`: the files that a project begins with, and what is added to it.
 *
 * Guarantees
 * - No file is overwritten: when one of the files to write exists, nothing is written at all.
 * - `src/operator.ts` is spliced: an import and an element of a list are inserted, every other byte stays as it was.
 *   Where the lists cannot be found, nothing is written, and the message says what to add by hand.
 * - What is made passes its type check and its test without an edit.
 */
export { type CreateApiOptions, createApi } from "./create-api.ts";
export { type CreateWebhookOptions, createWebhook } from "./create-webhook.ts";
export { type InitOptions, init } from "./init.ts";
export { writeFile } from "./template.ts";
