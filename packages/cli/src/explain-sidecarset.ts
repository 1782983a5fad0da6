import { NotFoundError } from "@outrigger/kit/client";
import { ControllerRevision, Namespace, Pod } from "@outrigger/kit/kinds";
import { EXCLUDED_NAMESPACES, explainRollout, type RolloutExplanation, type SidecarSet, SidecarSets } from "@outrigger/operator";
import { CliError } from "./errors.ts";
import { excludedNamespaces } from "./excluded.ts";
import { type OutputOptions, shown } from "./explain.ts";
import { type ClusterOptions, withClient } from "./kubeconfig.ts";
import { SHOWN, table } from "./table.ts";

export interface ExplainSidecarSetOptions extends ClusterOptions, OutputOptions {
  readonly managerNamespace: string;
  readonly excludedNamespaces?: string;
}

/**
 * `outrigger explain sidecarset NAME`: how many pods are behind, why each waits, and what to do.
 *
 * @throws CliError when there is no such set, or none can be there.
 */
export async function explainSidecarSet(name: string, options: ExplainSidecarSetOptions): Promise<void> {
  const { excludedNamespaces: excluded = EXCLUDED_NAMESPACES } = await excludedNamespaces(options);
  await withClient(options, async (client) => {
    const sets = await client.list(SidecarSets).catch((error: unknown) => {
      if (error instanceof NotFoundError)
        throw new CliError("the cluster has no SidecarSets: install the manager, or start it with outrigger run");
      throw error;
    });
    const set = sets.items.find(({ metadata }) => metadata.name === name) as unknown as SidecarSet | undefined;
    if (set === undefined) throw new CliError(`there is no SidecarSet ${name}: kubectl get sidecarsets lists them`);
    const [pods, namespaces, revisions] = await Promise.all([
      client.list(Pod),
      client.list(Namespace),
      client.list(ControllerRevision, { namespace: options.managerNamespace, labelSelector: `kruise.io/sidecarset-name=${name}` }),
    ]);
    const explanation = explainRollout(set, {
      pods: pods.items as never,
      namespaceLabels: new Map(namespaces.items.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
      revisions: revisions.items as never,
      otherSets: sets.items.filter(({ metadata }) => metadata.name !== name) as never,
      excludedNamespaces: [...excluded, options.managerNamespace],
    });
    console.log(options.output === "text" ? text(explanation) : shown(explanation, options.output));
  });
}

function text({ set, latestRevision, matched, behind, ready, conflicts, pods }: RolloutExplanation): string {
  const counts = `sidecarset ${set}${latestRevision === undefined ? "" : `, latest revision ${latestRevision}`}: ${behind} of ${matched} pods are behind, ${ready} are ready`;
  const clashing = conflicts.slice(0, SHOWN).map(({ message }) => `  ${message}`);
  const head = [
    counts,
    ...(clashing.length === 0 ? [] : ["Conflicting: pods that match both sets are refused, or get one of the two:", ...clashing]),
    ...(conflicts.length > SHOWN ? [`  … and ${conflicts.length - SHOWN} more sets`] : []),
  ].join("\n");
  if (pods.length === 0) return head;
  const rows = pods.slice(0, SHOWN).map(({ pod, reason, message }) => [pod, reason, message]);
  const remedies = new Map<string, string[]>();
  for (const { reason, remedy } of pods) if (remedy !== "") remedies.set(remedy, [...new Set([...(remedies.get(remedy) ?? []), reason])]);
  const more = pods.length > SHOWN ? [`… and ${pods.length - SHOWN} more pods`] : [];
  return [
    head,
    table(["POD", "REASON", "WHY"], rows),
    ...more,
    ...(remedies.size === 0 ? [] : ["What to do:"]),
    ...[...remedies].map(([remedy, reasons]) => `  ${reasons.join(", ")}: ${remedy}`),
  ].join("\n");
}
