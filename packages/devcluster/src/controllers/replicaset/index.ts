export { replicaSetLoop, replicationControllerLoop } from "./replicaset.ts";
