import { ConfigMap, LimitRange, Namespace, Pod as PodKind } from "@outrigger/kit/kinds";
import {
  containerDefaults,
  explainTemplate as explain,
  type Pod,
  parseTemplate,
  readRules,
  TEMPLATE_KEY,
  TEMPLATE_LABEL,
  type TemplateExplanation,
} from "@outrigger/operator";
import { CliError } from "./errors.ts";
import { excludedNamespaces } from "./excluded.ts";
import { type OutputOptions, shown } from "./explain.ts";
import { type ClusterOptions, withClient } from "./kubeconfig.ts";
import { SHOWN, table } from "./table.ts";

export interface ExplainTemplateOptions extends ClusterOptions, OutputOptions {
  readonly managerNamespace: string;
  readonly excludedNamespaces?: string;
}

/**
 * `outrigger explain template NAME`: which pods are not as the template would make them today, and how to bring them up to date.
 *
 * @throws CliError when there is no such template and no pod has it, or when it cannot be used.
 */
export async function explainTemplate(name: string, options: ExplainTemplateOptions): Promise<void> {
  const { excludedNamespaces: excluded } = await excludedNamespaces(options);
  await withClient(options, async (client) => {
    const { managerNamespace } = options;
    const [{ rules }, pods, namespaces, ranges, configMap] = await Promise.all([
      readRules(client, managerNamespace, managerNamespace, excluded),
      client.list(PodKind),
      client.list(Namespace),
      client.list(LimitRange),
      client.find(ConfigMap, { namespace: managerNamespace, name }),
    ]);
    const labels = new Map(namespaces.items.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
    const rangesOf = Map.groupBy(ranges.items, ({ metadata }) => metadata.namespace);
    const explanation = explain(name, rules, pods.items as unknown as readonly Pod[], (namespace) => {
      const defaults = containerDefaults(rangesOf.get(namespace) ?? []);
      return { namespaceLabels: labels.get(namespace) ?? {}, ...(defaults === undefined ? {} : { containerDefaults: defaults }) };
    });
    if (!rules.templates.some((template) => template.name === name)) {
      const where = `ConfigMap ${managerNamespace}/${name}`;
      const text = configMap?.data?.[TEMPLATE_KEY];
      // What is wrong with it is the answer; the last good one, by which the manager goes on, is known to the manager alone.
      if (configMap?.metadata.labels?.[TEMPLATE_LABEL] !== undefined && text === undefined)
        throw new CliError(`${where} has the label ${TEMPLATE_LABEL} and no ${TEMPLATE_KEY}`);
      if (configMap?.metadata.labels?.[TEMPLATE_LABEL] !== undefined) parseTemplate(name, text!);
      if (explanation.matched === 0)
        throw new CliError(
          `there is no template ${name}: kubectl -n ${managerNamespace} get configmaps -l ${TEMPLATE_LABEL} lists them` +
            " (--manager-namespace says another namespace)",
        );
    }
    console.log(options.output === "text" ? text(explanation) : shown(explanation, options.output));
  });
}

function text({ template, matched, behind, pods }: TemplateExplanation): string {
  const head = `template ${template}: ${behind} of ${matched} pods are behind`;
  if (pods.length === 0) return head;
  const remedies = [...new Set(pods.map(({ remedy }) => remedy))];
  return [
    head,
    table(
      ["POD", "REASON", "WHY"],
      pods.slice(0, SHOWN).map(({ pod, reason, message }) => [pod, reason, message]),
    ),
    ...(pods.length > SHOWN ? [`… and ${pods.length - SHOWN} more pods`] : []),
    "What to do:",
    ...remedies.slice(0, SHOWN).map((remedy) => `  ${remedy}`),
    ...(remedies.length > SHOWN ? [`  … and ${remedies.length - SHOWN} more: --output json has all`] : []),
  ].join("\n");
}
