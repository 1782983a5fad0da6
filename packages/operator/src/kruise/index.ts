/**
 * What tells that OpenKruise's manager is at work on the cluster: the webhooks that it registers.
 *
 * Guarantees
 * - Whoever watches with `KRUISE_SELECTION` needs the right to one object, and shares one cache.
 *
 * Caveats
 * - A webhook that is registered counts, whether somebody answers it or not: kruise's manager may come back at any time.
 */
export { type Configuration, KRUISE_SELECTION, kruisePodWebhook, kruiseWebhooks } from "./webhooks.ts";
