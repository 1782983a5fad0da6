import { connect, loadKubeconfig, NotFoundError } from "@outrigger/kit/client";
import { CronJob, Job, Namespace } from "@outrigger/kit/kinds";
import { decideJobObject, JOB_POLICY_ANNOTATION, JobPolicies, JobPolicy, type JobPolicyObject, readJobReasons } from "@outrigger/operator";
import { CliError } from "./errors.ts";
import { type OutputOptions, shown } from "./explain.ts";
import { type ClusterOptions, kubeconfigOptions } from "./kubeconfig.ts";
import { table } from "./table.ts";

/**
 * `outrigger explain job NAME`, `outrigger explain cronjob NAME`: what JobPolicies did about it when it was written, or what
 * they would do today, and why.
 *
 * @throws CliError when there is no such object.
 */
export async function explainJob(
  kind: "Job" | "CronJob",
  name: string,
  options: ClusterOptions & OutputOptions & { readonly namespace?: string },
): Promise<void> {
  const access = loadKubeconfig(kubeconfigOptions(options));
  const namespace = options.namespace ?? access.namespace;
  const client = connect(access);
  try {
    const job = await client.get(kind === "Job" ? Job : CronJob, { namespace, name }).catch((error: unknown) => {
      if (error instanceof NotFoundError && error.status.details?.name === name)
        throw new CliError(`there is no ${kind} ${name} in namespace ${namespace}: -n says another namespace`);
      throw error;
    });
    const recorded = job.metadata.annotations?.[JOB_POLICY_ANNOTATION] !== undefined;
    const reasons = recorded ? readJobReasons(job.metadata.annotations) : await today();
    const rows = reasons.map(({ policy, field, action, message }) => ({
      rule: `JobPolicy/${policy}`,
      field,
      action,
      message,
      source: recorded ? "recorded" : "today",
    }));
    if (options.output !== "text") console.log(shown(rows, options.output));
    else if (rows.length === 0)
      console.log(`${kind} ${namespace}/${name}: no JobPolicy selects it, and none is recorded in its annotations`);
    else
      console.log(
        table(
          ["RULE", "FIELD", "ACTION", "WHY", "SOURCE"],
          rows.map(({ rule, field, action, message, source }) => [rule, field, action, message, source]),
        ),
      );

    async function today() {
      const [policies, found] = await Promise.all([
        client.list(JobPolicy).then(
          ({ items }) => items as readonly unknown[] as readonly JobPolicyObject[],
          (error: unknown) => {
            if (error instanceof NotFoundError) return [];
            throw error;
          },
        ),
        client.find(Namespace, { name: namespace }),
      ]);
      const selecting = new JobPolicies(policies).selecting(job.metadata.labels, found?.metadata.labels);
      return decideJobObject({ ...(job as object), kind } as never, selecting)?.reasons ?? [];
    }
  } finally {
    await client.close();
  }
}
