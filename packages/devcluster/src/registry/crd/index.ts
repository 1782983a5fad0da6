/**
 * CustomResourceDefinitions: which resources they add, how those are stored, and the controllers that accept their
 * names, establish them and clear up after them (k8s.io/apiextensions-apiserver).
 */
export { type CustomResourcesOptions, customResources } from "./controller.ts";
export { crdServed } from "./served.ts";
export type { Convert } from "./strategy.ts";
