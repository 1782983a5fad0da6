export { quotaLoop } from "./quota.ts";
