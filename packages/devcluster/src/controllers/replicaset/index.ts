export { replicaSetLoop } from "./replicaset.ts";
