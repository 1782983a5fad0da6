import type { KubeObject } from "@outrigger/kit/api";

/** A webhook configuration, as far as it tells whose it is and what it is called for. */
export interface Configuration {
  readonly metadata: { readonly name: string };
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig?: { readonly service?: { readonly name: string } };
    readonly rules?: readonly { readonly resources?: readonly string[] }[];
  }[];
}

/** The name under which kruise's manager registers its mutating webhooks; it has no setting. Source: kruise pkg/webhook/util/configuration. */
const KRUISE_MUTATING = "kruise-mutating-webhook-configuration";

/** The names of kruise's webhooks in a configuration that are called for one of these resources. */
export function kruiseWebhooks({ metadata: { name }, webhooks = [] }: Configuration, resources: readonly string[]): string[] {
  return webhooks
    .filter(({ clientConfig, rules = [] }) => {
      const isKruise = name.startsWith("kruise-") || clientConfig?.service?.name === "kruise-webhook-service";
      return isKruise && rules.some((rule) => (rule.resources ?? []).some((one) => resources.includes(one)));
    })
    .map((webhook) => webhook.name);
}

/** Selects the configuration of kruise's mutating webhooks alone; of it only what is needed is kept. */
export const KRUISE_SELECTION = { fieldSelector: `metadata.name=${KRUISE_MUTATING}`, transform: kept } as const;

/** The name of kruise's webhook for pods in a cache with that selection; nothing where there is none. */
export function kruisePodWebhook(configurations: Iterable<object>): string | undefined {
  for (const configuration of configurations) {
    const [webhook] = kruiseWebhooks(configuration as Configuration, ["pods"]);
    if (webhook !== undefined) return webhook;
  }
  return undefined;
}

function kept(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, webhooks = [] } = object as unknown as Configuration & KubeObject;
  const { name, uid, resourceVersion } = metadata as KubeObject["metadata"];
  return {
    apiVersion,
    kind,
    metadata: { name, uid, resourceVersion },
    webhooks: webhooks.map((webhook) => ({
      name: webhook.name,
      ...(webhook.clientConfig?.service === undefined ? {} : { clientConfig: { service: { name: webhook.clientConfig.service.name } } }),
      rules: (webhook.rules ?? []).map(({ resources = [] }) => ({ resources })),
    })),
  } as unknown as KubeObject;
}
