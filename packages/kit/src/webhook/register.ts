import type { KubeObject } from "../api/index.ts";
import { type Client, type DynamicResource, dynamicResource, NotFoundError } from "../client/index.ts";
import { type ConfigurationOptions, mutatingConfiguration, validatingConfiguration } from "./configuration.ts";

const API_VERSION = "admissionregistration.k8s.io/v1";
const RESOURCES: Readonly<Record<string, DynamicResource>> = {
  MutatingWebhookConfiguration: dynamicResource(API_VERSION, "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "Cluster"),
  ValidatingWebhookConfiguration: dynamicResource(
    API_VERSION,
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    "Cluster",
  ),
};

/** Configurations that were registered. */
export interface Registration {
  /** Takes them away; those that are gone already are no error. */
  unregister(): Promise<void>;
}

/** Applies webhook configurations, taking over their fields from whoever had them. @throws StatusError */
export async function registerWebhooks(client: Client, configurations: readonly KubeObject[]): Promise<Registration> {
  const registered: { resource: DynamicResource; name: string }[] = [];
  const unregister = async (): Promise<void> => {
    for (const { resource, name } of registered) {
      await client.delete(resource, { name }).catch((error: unknown) => {
        if (!(error instanceof NotFoundError)) throw error;
      });
    }
  };
  for (const configuration of configurations) {
    const resource = RESOURCES[configuration.kind];
    if (!resource) throw new TypeError(`${configuration.kind} is not a webhook configuration`);
    registered.push({ resource, name: configuration.metadata.name ?? "" });
    try {
      await client.apply(resource, configuration as never, { force: true });
    } catch (error) {
      registered.pop();
      await unregister();
      throw error;
    }
  }
  return { unregister };
}

export interface UrlRegistration {
  /** Where the API server reaches this process: `https://10.0.0.5:9443`. */
  readonly url: string;
  /** PEM of the authority of its certificate. */
  readonly caBundle: string;
  readonly mutating?: readonly Omit<ConfigurationOptions, "target">[];
  readonly validating?: readonly Omit<ConfigurationOptions, "target">[];
}

/** Makes an API server call this process, wherever it runs: what `outrigger run` does. @throws StatusError */
export function registerByUrl(client: Client, { url, caBundle, mutating = [], validating = [] }: UrlRegistration): Promise<Registration> {
  const target = { url, caBundle };
  return registerWebhooks(client, [
    ...mutating.map((options) => mutatingConfiguration({ ...options, target })),
    ...validating.map((options) => validatingConfiguration({ ...options, target })),
  ]);
}
