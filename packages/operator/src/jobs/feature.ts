import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { type Condition, type Controller, controller, setCondition } from "@outrigger/kit/controller";
import { Namespace } from "@outrigger/kit/kinds";
import type { MetricFamily } from "@outrigger/kit/metrics";
import { mutate, mutatingConfiguration, type WebhookTarget } from "@outrigger/kit/webhook";
import { configurationRights, type Feature, selectorProblem } from "../feature/index.ts";
import { counter } from "../figures/index.ts";
import { mutateJob } from "./admission.ts";
import { FIELDS, type JobDecision } from "./decide.ts";
import { JobPolicies } from "./policies.ts";
import { JobPolicy, type JobPolicyObject } from "./resource.ts";

const CONFIGURATION = "outrigger-jobs";
const PATH = "/mutate-batch-v1-job";

/** JobPolicies. Without any, no Job is sent to us. */
export function jobPolicies({ namespace }: { readonly namespace: string }): Feature {
  return {
    name: "job-policies",
    definitions: () => [JobPolicy.crd() as unknown as KubeObject],
    reads: [{ resource: JobPolicy }, { resource: Namespace }],
    controllers: [jobPolicyStatus],
    permissions: configurationRights("MutatingWebhookConfiguration", CONFIGURATION),
    run: ({ informers, webhook, changed }) => {
      const counts = new Counts();
      let compiled: JobPolicies | undefined;
      const forget = (): void => {
        compiled = undefined;
        changed();
      };
      const informer = informers.for(JobPolicy);
      informer.addHandler({ onAdd: forget, onUpdate: forget, onDelete: forget });
      const list = (): readonly JobPolicyObject[] => informer.lister.list() as readonly JobPolicyObject[];
      const namespaces = informers.for(Namespace).lister;
      const labelsOf = (name: string | undefined) => namespaces.get({ name: name ?? "" })?.metadata.labels;
      return {
        handlers: [
          mutate(PATH, (request) => {
            compiled ??= new JobPolicies(list());
            const policies = compiled.selecting(request.object?.metadata.labels, labelsOf(request.namespace));
            return mutateJob(request, policies, (decision) => counts.add(decision));
          }),
        ],
        configurations: () => [configuration(webhook(), list().length > 0, namespace)],
        metrics: async () => counts.families(),
      };
    },
  };
}

/** `failurePolicy: Ignore`: while no manager runs, Jobs are created unchanged instead of being refused. */
function configuration(target: WebhookTarget, isNeeded: boolean, namespace: string): KubeObject {
  return mutatingConfiguration({
    name: CONFIGURATION,
    labels: { "app.kubernetes.io/managed-by": "outrigger" },
    target,
    excludedNamespaces: [namespace],
    webhooks: isNeeded
      ? [
          {
            name: "jobs.outrigger.dev",
            path: PATH,
            rules: [{ apiGroups: ["batch"], operations: ["CREATE", "UPDATE"], resources: ["jobs", "cronjobs"], scope: "Namespaced" }],
            matchPolicy: "Equivalent",
            failurePolicy: "Ignore",
          },
        ]
      : [],
  });
}

const jobPolicyStatus: Controller = controller(JobPolicy, { name: "jobpolicy-status" }).reconcile(async (policy, ctx) => {
  const problem = selectorProblem((policy as JobPolicyObject).spec);
  const { generation = 0 } = policy.metadata;
  const conditions = setCondition(policy.status?.conditions as readonly Condition[] | undefined, {
    type: "Ready",
    status: problem === undefined ? "True" : "False",
    reason: problem === undefined ? "InForce" : "InvalidSelector",
    message: problem ?? "new Jobs and CronJobs are changed as it says",
    observedGeneration: generation,
  });
  const next = { observedGeneration: generation, conditions };
  if (!isDeepStrictEqual(next, policy.status)) await ctx.status(next as never);
}) as Controller;

/** What was decided about Jobs, by field and action. */
class Counts {
  readonly #counts = new Map<string, number>(
    FIELDS.flatMap((field) => (["set", "unchanged", "skipped"] as const).map((action) => [`${field} ${action}`, 0] as const)),
  );

  add({ reasons }: JobDecision): void {
    for (const { field, action } of reasons) {
      const key = `${field} ${action}`;
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
  }

  families(): readonly MetricFamily[] {
    const values = [...this.#counts].map(([key, value]) => {
      const [field = "", action = ""] = key.split(" ");
      return { value, labels: { field, action } };
    });
    return [counter("outrigger_job_policy_decisions_total", "Fields of Jobs and CronJobs that policies decided about", values)];
  }
}
