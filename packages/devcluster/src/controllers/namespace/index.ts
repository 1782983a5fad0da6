export { rootCaLoop, serviceAccountLoop } from "./furnish.ts";
export { namespaceLoop } from "./namespace.ts";
