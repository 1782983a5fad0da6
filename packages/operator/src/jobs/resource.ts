import type { DeepReadonly, Observed, StatusOf } from "@outrigger/kit/api";
import { defineResource, type Static, t } from "@outrigger/kit/schema";
import { conditions, labelSelectorFields } from "../feature/index.ts";

const selector = (description: string) => t.Optional(t.Object(labelSelectorFields, { description }));

const number = (description: string) =>
  t.Optional(
    t.Object(
      {
        mode: t.Enum(["default", "cap", "set"], {
          description: "default acts where the Job's author said nothing, cap where the Job says more or nothing, set always.",
        }),
        value: t.Integer({ minimum: 0, maximum: 2_147_483_647 }),
      },
      { description },
    ),
  );

const spec = t.Object(
  {
    selector: selector("Jobs and CronJobs by their own labels; all of them where it is left out."),
    namespaceSelector: selector("Namespaces by their labels; every one but kube-system where it is left out."),
    priority: t.Default(
      t.Integer({
        format: "int32",
        description: "Of several policies that say something of a field, the highest one counts; ties go by name.",
      }),
      0,
    ),
    backoffLimit: number("How often pods may fail before the Job does."),
    activeDeadlineSeconds: number("After how many seconds the Job fails, whatever its pods do."),
    ttlSecondsAfterFinished: number("How many seconds a Job stays after it finished."),
    podReplacementPolicy: t.Optional(
      t.Object({
        mode: t.Enum(["default", "set"]),
        value: t.Enum(["TerminatingOrFailed", "Failed"], {
          description: "When a pod is replaced: as soon as it terminates, or once it has failed.",
        }),
      }),
    ),
    podFailurePolicy: t.Optional(
      t.Object(
        {
          mode: t.Enum(["default", "set"]),
          rules: t.Array(
            t.Object(
              {
                action: t.Enum(["FailJob", "FailIndex", "Ignore", "Count"]),
                onExitCodes: t.Optional(
                  t.Object({
                    containerName: t.Optional(t.String()),
                    operator: t.Enum(["In", "NotIn"]),
                    values: t.Array(t.Integer(), { minItems: 1, maxItems: 255 }),
                  }),
                ),
                onPodConditions: t.Optional(
                  t.Array(t.Object({ type: t.String(), status: t.Default(t.Enum(["True", "False", "Unknown"]), "True") }), {
                    minItems: 1,
                    maxItems: 20,
                  }),
                ),
              },
              {
                rules: [
                  {
                    rule: "has(self.onExitCodes) != has(self.onPodConditions)",
                    message: "exactly one of onExitCodes and onPodConditions says when the rule acts",
                  },
                ],
              },
            ),
            { minItems: 1, maxItems: 20 },
          ),
        },
        { description: "What becomes of a Job when a pod fails in a certain way. Only for pods with restartPolicy Never." },
      ),
    ),
    assumeDefaulted: t.Optional(
      t.Boolean({
        description:
          "Mode default also acts on Kubernetes' own default (backoffLimit 6, or 2147483647 with backoffLimitPerIndex; podReplacementPolicy TerminatingOrFailed) where nothing tells whether somebody wrote it.",
      }),
    ),
  },
  {
    rules: [
      {
        rule: "has(self.backoffLimit) || has(self.activeDeadlineSeconds) || has(self.ttlSecondsAfterFinished) || has(self.podReplacementPolicy) || has(self.podFailurePolicy)",
        message:
          "the policy says nothing: give at least one of backoffLimit, activeDeadlineSeconds, ttlSecondsAfterFinished, podReplacementPolicy and podFailurePolicy",
      },
      {
        rule: "!has(self.activeDeadlineSeconds) || self.activeDeadlineSeconds.value >= 1",
        message: "a deadline is at least 1 second",
        fieldPath: ".activeDeadlineSeconds.value",
      },
      {
        rule: "!has(self.podFailurePolicy) || !has(self.podReplacementPolicy) || self.podReplacementPolicy.value == 'Failed'",
        message: "podFailurePolicy needs podReplacementPolicy Failed",
        fieldPath: ".podReplacementPolicy.value",
      },
    ],
  },
);

const status = t.Object({
  observedGeneration: t.Optional(t.Integer()),
  conditions: t.Optional(conditions),
});

/** `outrigger.dev/v1alpha1 JobPolicy`: what Jobs get, may at most have, or always have. */
export const JobPolicy = defineResource({
  group: "outrigger.dev",
  version: "v1alpha1",
  kind: "JobPolicy",
  plural: "jobpolicies",
  scope: "Cluster",
  categories: ["outrigger"],
  spec,
  status,
  columns: [
    { name: "Backoff-Limit", type: "integer", jsonPath: ".spec.backoffLimit.value" },
    { name: "Mode", jsonPath: ".spec.backoffLimit.mode" },
    { name: "Deadline", type: "integer", jsonPath: ".spec.activeDeadlineSeconds.value" },
    { name: "TTL", type: "integer", jsonPath: ".spec.ttlSecondsAfterFinished.value" },
    { name: "Priority", type: "integer", jsonPath: ".spec.priority" },
    { name: "Ready", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  ],
});

export type JobPolicyObject = Observed<typeof JobPolicy>;
export type JobPolicySpec = DeepReadonly<Static<typeof spec>>;
export type JobPolicyStatus = StatusOf<typeof JobPolicy>;
