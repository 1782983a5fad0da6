import { Job, webhook } from "@outrigger/kit";

/** How often a Job may be tried again where the namespace is limited. Kubernetes' own default is 6. */
export const MOST_RETRIES = 2;
export const MOST_PODS = 10;

/**
 * Jobs of namespaces with the label `example.com/limited: "true"`: retries are capped when a Job is made, and a Job with too many
 * pods at one time is refused. Server, certificate, registration and rights follow from this.
 */
export const limitedJobs = webhook(Job, { namespaceSelector: { matchLabels: { "example.com/limited": "true" } } })
  .default((job, ctx) => {
    if (ctx.operation !== "CREATE" || !job.spec || (job.spec.backoffLimit ?? 6) <= MOST_RETRIES) return;
    ctx.warn(`spec.backoffLimit: ${job.spec.backoffLimit} is more than ${MOST_RETRIES}, which is what the Job gets`);
    job.spec.backoffLimit = MOST_RETRIES;
  })
  .validate((job) => {
    const { parallelism = 1 } = job.spec ?? {};
    return parallelism > MOST_PODS ? [{ field: "spec.parallelism", message: `must be at most ${MOST_PODS} in this namespace` }] : [];
  });
