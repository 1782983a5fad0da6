export { clusterRoleAggregationLoop } from "./aggregation.ts";
