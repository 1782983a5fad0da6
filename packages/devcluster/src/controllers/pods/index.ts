/** What controllers that own pods share: claiming, ranking and making them. After `k8s.io/kubernetes/pkg/controller`. */
export { claim } from "./claim.ts";
export { byDispensability } from "./rank.ts";
export { slowStart } from "./slow-start.ts";
export { hasEnded, isActive, isAvailable, isReady, isTerminating, readySince, restarts } from "./state.ts";
export { podFromTemplate } from "./template.ts";
