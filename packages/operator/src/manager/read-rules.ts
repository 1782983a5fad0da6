import type { Client } from "@outrigger/kit/client";
import { NotFoundError } from "@outrigger/kit/client";
import { ConfigMap, Namespace } from "@outrigger/kit/kinds";
import { compileRules, EXCLUDED_NAMESPACES, type Rules } from "../pipeline/index.ts";
import { type PodDefaults, PodDefaultsKind } from "../poddefaults/index.ts";
import { type SidecarSet, SidecarSets } from "../sidecarset/index.ts";
import { type InjectionTemplate, parseTemplate } from "../templates/index.ts";
import { TEMPLATE_KEY, TEMPLATE_LABEL } from "./names.ts";

/**
 * The rules of a cluster as they are now, and the labels of a namespace, for a decision outside the manager. Values that
 * come from the manager's environment are not known here.
 *
 * @param excludedNamespaces those into whose pods the manager was told to inject nothing, beside its own
 */
export async function readRules(
  client: Client,
  namespace: string,
  managerNamespace: string,
  excludedNamespaces: readonly string[] = EXCLUDED_NAMESPACES,
): Promise<{ readonly rules: Rules; readonly namespaceLabels: Readonly<Record<string, string>> }> {
  const [sidecarSets, podDefaults, configMaps, found] = await Promise.all([
    none(client.list(SidecarSets)),
    none(client.list(PodDefaultsKind)),
    none(client.list(ConfigMap, { namespace: managerNamespace, labelSelector: TEMPLATE_LABEL })),
    client.find(Namespace, { name: namespace }),
  ]);
  const templates = configMaps.flatMap((configMap): InjectionTemplate[] => {
    const { metadata, data } = configMap as { metadata: { name: string }; data?: Record<string, string> };
    try {
      return data?.[TEMPLATE_KEY] === undefined ? [] : [parseTemplate(metadata.name, data[TEMPLATE_KEY])];
    } catch {
      return [];
    }
  });
  return {
    rules: compileRules(
      { sidecarSets: sidecarSets as readonly SidecarSet[], podDefaults: podDefaults as readonly PodDefaults[], templates },
      { excludedNamespaces, ownNamespace: managerNamespace, environment: process.env },
    ),
    namespaceLabels: found?.metadata.labels ?? {},
  };
}

/** The items of a list; none where the kind is not installed. */
async function none(list: Promise<{ readonly items: readonly unknown[] }>): Promise<readonly unknown[]> {
  try {
    return (await list).items;
  } catch (error) {
    if (error instanceof NotFoundError) return [];
    throw error;
  }
}
