export { misfit, selectsNode, tolerates } from "./fit.ts";
export { schedulerLoop } from "./scheduler.ts";
