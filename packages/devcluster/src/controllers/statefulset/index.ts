export { statefulSetLoop } from "./statefulset.ts";
