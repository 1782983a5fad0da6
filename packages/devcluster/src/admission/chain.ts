import type { Admission, AdmissionAttributes, ClusterReader } from "../registry/index.ts";
import type { AuditSink } from "./ask.ts";
import { WebhookCaller } from "./caller.ts";
import { defaultIngressClass, defaultStorageClass } from "./default-classes.ts";
import { defaultTolerationSeconds } from "./default-tolerations.ts";
import type { ServedVersions } from "./hooks.ts";
import { MutatingWebhooks, Reinvocation } from "./mutating.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { taintNodesByCondition } from "./node-taint.ts";
import type { AdmissionPlugin } from "./plugin.ts";
import { priority } from "./priority.ts";
import { serviceAccount } from "./service-account.ts";
import { endpointResolver, type ResolveService } from "./service-resolver.ts";
import { storageObjectInUseProtection } from "./storage-in-use.ts";
import { ValidatingWebhooks } from "./validating.ts";

export interface AdmissionChainOptions {
  readonly reader: ClusterReader;
  /** All versions in which a resource is served: rules that name another version match too. */
  readonly served: ServedVersions;
  /** Built-in plug-ins to leave out, by Kubernetes' names: `["ServiceAccount"]` where nobody makes accounts. */
  readonly disabled?: readonly string[];
  /** How a Service that a webhook names is reached. Default: by its EndpointSlices or Endpoints. */
  readonly resolveService?: ResolveService;
  /** Told what webhooks leave for the audit log. */
  readonly audit?: AuditSink;
}

/** The chain, and the connections to close when the server stops. */
export interface AdmissionChain extends Admission {
  readonly caller: WebhookCaller;
  close(): void;
}

/** The built-in plug-ins in Kubernetes' order, then the webhooks. */
export function admissionChain(options: AdmissionChainOptions): AdmissionChain {
  const { reader, served, audit } = options;
  const caller = new WebhookCaller(options.resolveService ?? endpointResolver(reader));
  const disabled = new Set(options.disabled ?? []);
  const plugins = [
    namespaceLifecycle(reader),
    serviceAccount(reader),
    taintNodesByCondition,
    priority(reader),
    defaultTolerationSeconds,
    defaultStorageClass(reader),
    storageObjectInUseProtection,
    defaultIngressClass(reader),
  ].filter(({ name }) => !disabled.has(name));
  const parts = { reader, served, caller, audit };
  const mutating = new MutatingWebhooks(parts);
  const validating = new ValidatingWebhooks(parts);
  const admitting = plugins.filter((plugin) => plugin.admit);
  const checking = plugins.filter((plugin) => plugin.validate);
  return {
    caller,
    close: () => caller.close(),
    async mutate(attributes) {
      const reinvocation = new Reinvocation();
      await round(admitting, mutating, attributes, reinvocation);
      if (!reinvocation.needed) return;
      reinvocation.second = true;
      await round(admitting, mutating, attributes, reinvocation);
    },
    async validate(attributes) {
      for (const plugin of checking) {
        const pending = plugin.validate?.(attributes);
        if (pending) await pending;
      }
      await validating.validate(attributes);
    },
  };
}

async function round(
  plugins: readonly AdmissionPlugin[],
  webhooks: MutatingWebhooks,
  attributes: AdmissionAttributes,
  reinvocation: Reinvocation,
): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.admit?.(attributes);
    if (pending) await pending;
  }
  await webhooks.admit(attributes, reinvocation);
}
