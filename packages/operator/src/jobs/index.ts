/**
 * JobPolicies (`outrigger.dev/v1alpha1`): limits of Jobs and of CronJobs' templates, set as they are written.
 *
 * Guarantees
 * - What was done about a Job and why stands in its annotation `outrigger.dev/job-policy`, and is said to whoever made it as a warning.
 * - Mode `default` never overwrites what somebody wrote; where nothing tells, it acts only if the policy says `assumeDefaulted`.
 * - Acting twice changes nothing the second time.
 *
 * Caveats
 * - Jobs that exist when a policy is made stay as they are; so do their limits until somebody changes them.
 * - Jobs pass unchanged while no manager answers.
 */
export { decideObject, JOB_POLICY_ANNOTATION, readJobReasons } from "./admission.ts";
export type { JobDecision, JobField, JobReason } from "./decide.ts";
export { jobPolicies } from "./feature.ts";
export { JobPolicies } from "./policies.ts";
export { JobPolicy, type JobPolicyObject, type JobPolicySpec, type JobPolicyStatus } from "./resource.ts";
