/** Plays what kruise's webhook was recorded doing through our engine. What differs on purpose stands in `EXCEPTIONS`, with why. */
export { EXCEPTIONS, type Exception } from "./exceptions.ts";
export { type InjectionCase, type InjectionResult, WHITELIST_KEY } from "./injection-case.ts";
export { playInjection } from "./play-injection.ts";
export type { InjectionStage } from "./stage.ts";
