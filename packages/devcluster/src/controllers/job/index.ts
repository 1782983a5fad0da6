export { cronJobLoop } from "./cronjob.ts";
export { jobLoop } from "./job.ts";
