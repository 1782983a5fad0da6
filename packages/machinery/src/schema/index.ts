/**
 * What an API server does with a value by its schema: fills in defaults, and judges types, limits, formats and patterns. Its CEL
 * rules are in `@outrigger/machinery/cel`.
 *
 * Guarantees
 * - One shape (`SchemaNode`) for custom resources and built-in kinds, so that each of these is written once.
 * - Texts of causes are the API server's own.
 * - Patterns run in linear time, whatever their author wrote.
 */
export { applyDefaults, dropNulls } from "./default.ts";
export { hasFormat } from "./format.ts";
export { compilePattern, findPattern, PatternError } from "./pattern.ts";
export { invalidValue, type ValidateOptions, validate, validateListTypes } from "./validate.ts";
