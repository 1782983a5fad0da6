/** ResourceQuotas: what objects take of their namespace's quotas, and who asks for too much. */
export { countedBy, type QuotaSpec, resourceQuota, usedBy } from "./resource-quota.ts";
export { amountText, countName, type Usage } from "./usage.ts";
