import type { Admission, AdmissionAttributes, ClusterReader, Decide } from "../registry/index.ts";
import { WebhookCaller } from "./caller.ts";
import { defaultIngressClass, defaultStorageClass } from "./default-classes.ts";
import { defaultTolerationSeconds } from "./default-tolerations.ts";
import type { ServedVersions } from "./hooks.ts";
import { limitRanger } from "./limit-ranger.ts";
import { MutatingWebhooks, Reinvocation } from "./mutating.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { noEffect } from "./no-effect.ts";
import { taintNodesByCondition } from "./node-taint.ts";
import { podSecurity } from "./pod-security/index.ts";
import { MutatingPolicies, type PolicyParts, ValidatingPolicies } from "./policies/index.ts";
import { priority } from "./priority.ts";
import { resourceQuota } from "./quota/index.ts";
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
  /** Answers what expressions ask about rights. Default: nobody may do anything. */
  readonly decide?: Decide;
  /** The resource that serves a kind, for the parameters of policies. Default: none. */
  readonly resourceOfKind?: PolicyParts["resourceOfKind"];
}

/** The chain, and the connections to close when the server stops. */
export interface AdmissionChain extends Admission {
  readonly caller: WebhookCaller;
  close(): void;
}

/** The built-in plug-ins in Kubernetes' order, then policies, then webhooks, and quotas last of all. */
export function admissionChain(options: AdmissionChainOptions): AdmissionChain {
  const { reader, served } = options;
  const caller = new WebhookCaller(options.resolveService ?? endpointResolver(reader));
  const disabled = new Set(options.disabled ?? []);
  const plugins = [
    namespaceLifecycle(reader),
    limitRanger(reader),
    serviceAccount(reader),
    taintNodesByCondition,
    podSecurity(reader),
    priority(reader),
    defaultTolerationSeconds,
    defaultStorageClass(reader),
    storageObjectInUseProtection,
    defaultIngressClass(reader),
    noEffect,
  ].filter(({ name }) => !disabled.has(name));
  const { decide = () => ({ allowed: false, reason: "nobody decides here" }), resourceOfKind = () => undefined } = options;
  const parts = { reader, served, caller, decide };
  const mutating = new MutatingWebhooks(parts);
  const validating = new ValidatingWebhooks(parts);
  const quota = disabled.has("ResourceQuota") ? undefined : resourceQuota(reader);
  const policies = new ValidatingPolicies({ ...parts, resourceOfKind });
  const changing = new MutatingPolicies({ ...parts, resourceOfKind });
  const round = async (attributes: AdmissionAttributes, reinvocations: Reinvocations): Promise<void> => {
    for (const plugin of admitting) {
      const pending = plugin.admit?.(attributes);
      if (pending) await pending;
    }
    await changing.admit(attributes, reinvocations.policies);
    await mutating.admit(attributes, reinvocations.webhooks);
  };
  const admitting = plugins.filter((plugin) => plugin.admit);
  const checking = plugins.filter((plugin) => plugin.validate);
  return {
    caller,
    close: () => caller.close(),
    async mutate(attributes) {
      const reinvocations = { policies: new Reinvocation(), webhooks: new Reinvocation() };
      await round(attributes, reinvocations);
      if (!reinvocations.policies.needed && !reinvocations.webhooks.needed) return;
      reinvocations.policies.second = true;
      reinvocations.webhooks.second = true;
      await round(attributes, reinvocations);
    },
    async validate(attributes) {
      for (const plugin of checking) {
        const pending = plugin.validate?.(attributes);
        if (pending) await pending;
      }
      await policies.validate(attributes);
      await validating.validate(attributes);
      await quota?.validate?.(attributes);
    },
  };
}

/** What one request remembers between the two rounds: policies and webhooks each keep account of their own. */
interface Reinvocations {
  readonly policies: Reinvocation;
  readonly webhooks: Reinvocation;
}
