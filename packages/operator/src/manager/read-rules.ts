import type { Client } from "@outrigger/kit/client";
import { ForbiddenError, NotFoundError } from "@outrigger/kit/client";
import { ConfigMap, ControllerRevision, MutatingWebhookConfiguration, Namespace } from "@outrigger/kit/kinds";
import { compileRules, EXCLUDED_NAMESPACES, type Rules } from "../pipeline/index.ts";
import type { Pod } from "../pod/index.ts";
import { environmentSeenIn, type PodDefaults, PodDefaultsKind } from "../poddefaults/index.ts";
import { REVISION_SET_LABEL, type SetRevision, type SidecarSet, SidecarSets } from "../sidecarset/index.ts";
import {
  type InjectionTemplate,
  parseTemplate,
  TEMPLATE_KEY,
  TEMPLATE_LABEL,
  templateSettings,
  WITH_ISTIO_OPT_IN,
} from "../templates/index.ts";
import { POD_CONFIGURATION } from "./configuration.ts";
import { EXCLUDED_ANNOTATION, ISTIO_ANNOTATION } from "./names.ts";

/**
 * The rules of a cluster as they are now, and the labels of a namespace, for a decision outside the manager. Values that
 * come from the manager's environment are not known here.
 *
 * @param told the namespaces into whose pods the manager was told to inject nothing, beside its own. Default: what the manager
 *   that runs says of itself, and `EXCLUDED_NAMESPACES` where none does or the client may not look.
 * @param admitted a pod that the manager has admitted: it shows values of the manager's environment
 */
export async function readRules(
  client: Client,
  namespace: string,
  managerNamespace: string,
  told?: readonly string[],
  admitted?: Pod,
): Promise<{ readonly rules: Rules; readonly namespaceLabels: Readonly<Record<string, string>> }> {
  const [sidecarSets, podDefaults, configMaps, revisions, found, running] = await Promise.all([
    none(client.list(SidecarSets)),
    none(client.list(PodDefaultsKind)),
    none(client.list(ConfigMap, { namespace: managerNamespace, labelSelector: TEMPLATE_LABEL })),
    none(client.list(ControllerRevision, { namespace: managerNamespace, labelSelector: REVISION_SET_LABEL })),
    client.find(Namespace, { name: namespace }),
    runningManager(client),
  ]);
  const templates = configMaps.flatMap((configMap): InjectionTemplate[] => {
    const { metadata, data } = configMap as {
      metadata: { name: string; annotations?: Record<string, string> };
      data?: Record<string, string>;
    };
    try {
      if (data?.[TEMPLATE_KEY] === undefined) return [];
      return [{ ...parseTemplate(metadata.name, data[TEMPLATE_KEY]), ...templateSettings(metadata.annotations ?? {}).read }];
    } catch {
      return [];
    }
  });
  return {
    rules: compileRules(
      {
        sidecarSets: sidecarSets as readonly SidecarSet[],
        podDefaults: podDefaults as readonly PodDefaults[],
        revisions: revisions as readonly SetRevision[],
        templates,
      },
      {
        excludedNamespaces: told ?? running.excludedNamespaces,
        ownNamespace: managerNamespace,
        environment: admitted === undefined ? process.env : environmentSeenIn(admitted, podDefaults as readonly PodDefaults[], process.env),
        ...(running.istioLabels ? { optIn: WITH_ISTIO_OPT_IN } : {}),
      },
    ),
    namespaceLabels: found?.metadata.labels ?? {},
  };
}

/** What the manager that runs says of itself: the namespaces that it leaves out, its own with them, and whether it reads Istio's labels. */
async function runningManager(client: Client): Promise<{ readonly excludedNamespaces: readonly string[]; readonly istioLabels: boolean }> {
  const configuration = await client.find(MutatingWebhookConfiguration, { name: POD_CONFIGURATION }).catch((error: unknown) => {
    // Whoever may look at pods need not be one who may look at webhooks.
    if (error instanceof ForbiddenError) return undefined;
    throw error;
  });
  const { [EXCLUDED_ANNOTATION]: excluded, [ISTIO_ANNOTATION]: istio } = configuration?.metadata.annotations ?? {};
  return { excludedNamespaces: excluded?.split(",") ?? EXCLUDED_NAMESPACES, istioLabels: istio === "true" };
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
