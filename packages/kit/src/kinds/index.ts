/**
 * Kubernetes' own kinds as clients see them: typed resources, their definitions, and what pods say about themselves. What an API
 * server knows of them (rows, defaults, validation, columns) is in `@outrigger/machinery/kinds`.
 *
 * Guarantees
 * - Definitions are derived from what a real API server publishes (`scripts/kinds`) and read when first asked for.
 * - Functions here change no object.
 */
export * from "./builtin.ts";
export { builtInDefinition, type Definition, type GoStruct, goStruct, rawDefinitions, schemaName } from "./definitions.ts";
export * from "./environment.ts";
export { type KubernetesSchemaBuilder, t } from "./parts.ts";
export * from "./pod-state.ts";
