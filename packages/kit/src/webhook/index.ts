/**
 * Admission and conversion webhooks: handlers, the HTTPS server that API servers call, the configurations that make
 * them call, and the certificates by which they trust it.
 *
 * Guarantees of the server
 * - HTTP/1.1 over TLS 1.2 or newer. `application/json` only (415), POST only (405), at most 7 MiB (413); an empty or
 *   malformed body is a 400; 503 until it is ready, but for conversions. Each of these carries a Status.
 * - Every review that can be read is answered with its own version and uid, also when the handler throws.
 * - No key of a body reaches a prototype. Bodies that trickle are cut off after 30 seconds, headers after 10.
 * - A flood is bounded: 1,024 connections and 64 MiB of bodies, and whoever is slow gives way to whoever is quick. Large bodies
 *   wait behind small ones.
 * - `drain` goes on answering while callers still have connections; `setCertificate` drops none.
 *
 * Assumptions
 * - Handlers answer fast and keep no state per request: API servers wait with a user behind them, and call again.
 *
 * Caveats
 * - Callers are not authenticated without `clientCa`: API servers present no client certificate unless an administrator arranges it.
 *   So a review is a claim, and a handler must change nothing because of it.
 */
export { answerReview, type HttpAnswer } from "./answer.ts";
export {
  type ConfigurationOptions,
  clientConfig,
  type LabelSelectorTerms,
  mutatingConfiguration,
  validatingConfiguration,
  type WebhookEntry,
  type WebhookRule,
  type WebhookTarget,
} from "./configuration.ts";
export {
  type ConfigurationKeeper,
  type ConfigurationKeeperOptions,
  configurationKeeper,
  type Repair,
} from "./configuration-keeper.ts";
export {
  type AdmissionHandler,
  type ConversionHandler,
  convert,
  mutate,
  type ReviewContext,
  validate,
  type Webhook,
  webhookPath,
} from "./handler.ts";
export type { LoadLimits } from "./load.ts";
export type { Admitted, OfflineOptions } from "./offline.ts";
export {
  type OwnCertificate,
  type OwnCertificateOptions,
  ownCertificate,
  type RotationGuard,
  type ServedCertificate,
} from "./own-certificate.ts";
export type { WebhookServerSettings } from "./reach.ts";
export { type Registration, registerByUrl, registerWebhooks, type UrlRegistration, unregisterWebhooks } from "./register.ts";
export {
  type AdmissionContext,
  type Defaulter,
  isResourceWebhook,
  type Operation,
  type Problem,
  type ResourceWebhook,
  type ValidateOptions,
  type Validator,
  type WebhookBuilder,
  type WebhookOptions,
  type WebhookPlan,
  webhook,
} from "./resource-webhook.ts";
export {
  conversionsOf,
  convertedDefinitions,
  type ResourceWebhooksOptions,
  resourceWebhooks,
  webhookConfigurations,
} from "./resource-webhooks.ts";
export {
  type AdmissionAnswer,
  type AdmissionRequest,
  type Allowed,
  allow,
  type ConversionRequest,
  change,
  type Denied,
  deny,
  invalid,
  patch,
  type ReviewUser,
  UndecidedError,
} from "./review.ts";
export { agreeOnSecret, type SecretData, type SecretIdentity } from "./secrets.ts";
export { type ReviewReport, type WebhookMetrics, type WebhookServer, type WebhookServerOptions, webhookServer } from "./server.ts";
export { type WebhookService, type WebhookServiceOptions, webhookService } from "./service.ts";
export { type WebhookRules, webhookRules } from "./webhook-rules.ts";
