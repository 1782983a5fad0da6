import { admissionDefaulters } from "./admission.ts";
import { autoscalingDefaulters } from "./autoscaling.ts";
import { clusterDefaulters } from "./cluster.ts";
import { coreDefaulters } from "./core.ts";
import type { Defaulters } from "./json.ts";
import { workloadDefaulters } from "./workloads.ts";

/** What Kubernetes fills into each kind, beside what its schema says, keyed by group and kind. */
export const defaulters: Defaulters = {
  ...admissionDefaulters,
  ...autoscalingDefaulters,
  ...clusterDefaulters,
  ...coreDefaulters,
  ...workloadDefaulters,
};
