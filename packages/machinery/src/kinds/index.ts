/**
 * What an API server knows of Kubernetes' own kinds: one row each, and what cannot be a row as a function keyed by kind.
 *
 * Guarantees
 * - Rows are derived from what a real API server publishes (`scripts/kinds`) and read when first asked for.
 * - Functions here change an object only where they say so, and never another.
 */
export * from "./cells/index.ts";
export * from "./custom-resource-definition/index.ts";
export * from "./defaults/index.ts";
export { describeField, describeList } from "./descriptions.ts";
export * from "./pod-requests.ts";
export * from "./protobuf/index.ts";
export { publishedDefinitions } from "./published.ts";
export type { ColumnRow, KindRow, SubresourceRow } from "./row.ts";
export { type GroupRow, type KindTable, kinds } from "./table.ts";
export * from "./validation/index.ts";
