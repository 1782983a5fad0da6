import { connect, ForbiddenError, loadKubeconfig, NotFoundError } from "@outrigger/kit/client";
import { Pod as PodKind } from "@outrigger/kit/kinds";
import {
  type ArchiveExplanation,
  type Explanation,
  explainPod as explain,
  explainArchives,
  type Pod,
  PodLogArchive,
  type PodLogArchiveObject,
  readRules,
} from "@outrigger/operator";
import { stringify } from "yaml";
import { CliError } from "./errors.ts";
import { excludedNamespaces } from "./excluded.ts";
import { type ClusterOptions, kubeconfigOptions } from "./kubeconfig.ts";
import { table } from "./table.ts";

export interface OutputOptions {
  readonly output: "text" | "json" | "yaml";
}

export interface ExplainOptions extends ClusterOptions, OutputOptions {
  readonly namespace?: string;
  readonly managerNamespace: string;
  readonly excludedNamespaces?: string;
}

/**
 * `outrigger explain pod NAME`: for each rule of the cluster, what it did to the pod when it was admitted, or what it
 * would do today, and why.
 *
 * @throws CliError when there is no such pod.
 */
export async function explainPod(name: string, options: ExplainOptions): Promise<void> {
  const { excludedNamespaces: excluded } = await excludedNamespaces(options);
  const access = loadKubeconfig(kubeconfigOptions(options));
  const namespace = options.namespace ?? access.namespace;
  const client = connect(access);
  try {
    const pod = await client.get(PodKind, { namespace, name }).catch((error: unknown) => {
      // A 404 that names no pod is not a Kubernetes API's: something else answers at that address.
      if (error instanceof NotFoundError && error.status.details?.name === name)
        throw new CliError(`there is no pod ${name} in namespace ${namespace}: -n says another namespace`);
      throw error;
    });
    const admitted = pod as unknown as Pod;
    const { rules, namespaceLabels } = await readRules(client, namespace, options.managerNamespace, excluded, admitted);
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    const archives = await client.list(PodLogArchive).then(
      ({ items }) => items as readonly PodLogArchiveObject[],
      (error: unknown) => {
        if (error instanceof NotFoundError || error instanceof ForbiddenError) return [];
        throw error;
      },
    );
    const explanations: readonly (Explanation | ArchiveExplanation)[] = [
      ...explain(admitted, rules, { namespace, namespaceLabels, now }),
      ...explainArchives(archives, pod as never, namespaceLabels, options.managerNamespace),
    ];
    console.log(options.output === "text" ? text(namespace, name, explanations) : shown(explanations, options.output));
  } finally {
    await client.close();
  }
}

/** An answer as programs read it. */
export function shown(answer: unknown, output: "json" | "yaml"): string {
  return output === "json" ? JSON.stringify(answer, null, 2) : stringify(answer).trimEnd();
}

function text(namespace: string, name: string, explanations: readonly (Explanation | ArchiveExplanation)[]): string {
  if (explanations.length === 0) return `pod ${namespace}/${name}: the cluster has no rules, and none is recorded in the pod's annotations`;
  return table(
    ["RULE", "ACTION", "WHY", "SOURCE"],
    explanations.map((one) =>
      "source" in one
        ? [one.rule, one.action, [one.message, ...one.problems].join("; "), one.source]
        : [one.rule, one.action, one.message, "today"],
    ),
  );
}
