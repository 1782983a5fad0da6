export { misfit, selectsNode, tolerates } from "./fit.ts";
export { type Amounts, amounts, podRequests } from "./requests.ts";
export { schedulerLoop } from "./scheduler.ts";
