export { daemonSetLoop } from "./daemonset.ts";
