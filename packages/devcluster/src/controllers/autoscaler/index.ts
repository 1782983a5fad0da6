export { autoscalerLoop } from "./autoscaler.ts";
