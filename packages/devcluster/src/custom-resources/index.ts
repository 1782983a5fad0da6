/**
 * Serving custom resources: which resources a CustomResourceDefinition adds, how those are stored, and the controllers that accept
 * the definition's names, establish it and clean up after it (k8s.io/apiextensions-apiserver). How a definition is validated is in
 * `@outrigger/machinery/kinds`.
 */
export { type CustomResourcesOptions, customResources } from "./controller.ts";
export { crdServed } from "./served.ts";
export type { Convert } from "./strategy.ts";
