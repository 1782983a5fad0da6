/**
 * Plays what kruise's webhooks were recorded doing through ours. What differs on purpose stands in `EXCEPTIONS` (pods) and
 * `VALIDATION_EXCEPTIONS` (sets), with why.
 */
export { EXCEPTIONS, type Exception } from "./exceptions.ts";
export { type InjectionCase, type InjectionResult, WHITELIST_KEY } from "./injection-case.ts";
export { playInjection } from "./play-injection.ts";
export { type DefaultingCase, playDefaulting, playValidation, type ValidationCase } from "./play-set.ts";
export type { InjectionStage, SetStage } from "./stage.ts";
export { VALIDATION_EXCEPTIONS, type ValidationException } from "./validation-exceptions.ts";
