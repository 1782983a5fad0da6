import type { KubeObject } from "@outrigger/kit/api";
import { validate } from "@outrigger/kit/webhook";
import { validatePodDefaults } from "../admission/index.ts";
import {
  NETWORK_FAULT_RIGHTS,
  NetworkFault,
  type NetworkFaultControllerOptions,
  type NetworkFaultObject,
  networkFaultController,
} from "../faults/index.ts";
import type { Feature } from "../feature/index.ts";
import { faultFamilies } from "../figures/index.ts";
import { jobPolicies } from "../jobs/index.ts";
import { podLogs } from "../logs/index.ts";
import { nodeOvercommit } from "../overcommit/index.ts";
import { podDefaultsController, podDefaultsCrd, sidecarsReadyController } from "../poddefaults/index.ts";
import { PATHS } from "./configuration.ts";
import { type InjectionOptions, injection } from "./injection.ts";
import { podDefaultsConfiguration } from "./rule-webhooks.ts";

export interface FeatureOptions extends InjectionOptions {
  readonly faults?: NetworkFaultControllerOptions;
  /** Where PodLogArchives keep logs, where lines wait for buckets, and how many bytes may wait. */
  readonly logFolder?: string | undefined;
  readonly logSpool?: string | undefined;
  readonly logSpoolBytes?: number | undefined;
}

/** Every capability of the manager, one entry each. What else knows them walks this list. */
export function allFeatures(options: FeatureOptions): readonly Feature[] {
  return [
    injection(options),
    {
      name: "pod-defaults",
      definitions: () => [podDefaultsCrd()],
      controllers: [podDefaultsController(options), sidecarsReadyController],
      configurations: (webhook) => [podDefaultsConfiguration(webhook)],
      run: () => ({ handlers: [validate(PATHS.validatePodDefaults, validatePodDefaults)] }),
      // Defined without `defineResource`, so the right to write their status is not inferred.
      permissions: [{ apiGroups: ["outrigger.dev"], resources: ["poddefaults/status"], verbs: ["patch"] }],
    },
    {
      name: "network-faults",
      definitions: () => [NetworkFault.crd() as unknown as KubeObject],
      controllers: [networkFaultController(options.faults)],
      permissions: NETWORK_FAULT_RIGHTS,
      run: ({ informers }) => ({
        metrics: async () => faultFamilies(informers.for(NetworkFault).lister.list() as unknown as readonly NetworkFaultObject[]),
      }),
    },
    nodeOvercommit(),
    jobPolicies(options),
    podLogs(options),
  ];
}
