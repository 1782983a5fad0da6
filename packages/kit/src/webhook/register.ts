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
  const registered: KubeObject[] = [];
  const unregister = (): Promise<void> => unregisterWebhooks(client, registered);
  for (const configuration of configurations) {
    try {
      await client.apply(resourceOf(configuration), configuration as never, { force: true });
      registered.push(configuration);
    } catch (error) {
      await unregister();
      throw error;
    }
  }
  return { unregister };
}

/** Deletes the webhook configurations of these kinds and names; those that are gone already are no error. @throws StatusError */
export async function unregisterWebhooks(client: Client, configurations: readonly Pick<KubeObject, "kind" | "metadata">[]): Promise<void> {
  for (const configuration of configurations) {
    await client.delete(resourceOf(configuration), { name: configuration.metadata.name ?? "" }).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error;
    });
  }
}

function resourceOf({ kind }: Pick<KubeObject, "kind">): DynamicResource {
  const resource = RESOURCES[kind];
  if (!resource) throw new TypeError(`${kind} is not a webhook configuration`);
  return resource;
}

/** How webhooks are registered where the API server reaches the program by URL. */
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
