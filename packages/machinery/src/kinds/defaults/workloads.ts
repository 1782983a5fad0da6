// pkg/apis/apps/v1/defaults.go, pkg/apis/batch/v1/defaults.go.
import { defaultClaimSpec } from "./core.ts";
import { type Defaulters, inSpec, type Json, list } from "./json.ts";
import { labelsOfObject, template } from "./template.ts";

export const workloadDefaulters: Defaulters = {
  "apps/Deployment": inSpec((spec) => {
    spec["replicas"] ??= 1;
    spec["strategy"] ??= {};
    spec["strategy"].type ||= "RollingUpdate";
    if (spec["strategy"].type === "RollingUpdate") {
      spec["strategy"].rollingUpdate ??= {};
      spec["strategy"].rollingUpdate.maxUnavailable ??= "25%";
      spec["strategy"].rollingUpdate.maxSurge ??= "25%";
    }
    spec["revisionHistoryLimit"] ??= 10;
    spec["progressDeadlineSeconds"] ??= 600;
    template(spec);
  }),
  "apps/ReplicaSet": inSpec((spec) => {
    spec["replicas"] ??= 1;
    template(spec);
  }),
  "apps/StatefulSet": inSpec((spec) => {
    spec["podManagementPolicy"] ||= "OrderedReady";
    spec["updateStrategy"] ??= {};
    if (!spec["updateStrategy"].type) {
      spec["updateStrategy"].type = "RollingUpdate";
      spec["updateStrategy"].rollingUpdate ??= {};
    }
    // Who names the strategy may leave out its settings, and they stay out.
    if (spec["updateStrategy"].type === "RollingUpdate" && spec["updateStrategy"].rollingUpdate)
      spec["updateStrategy"].rollingUpdate.partition ??= 0;
    spec["persistentVolumeClaimRetentionPolicy"] ??= {};
    spec["persistentVolumeClaimRetentionPolicy"].whenDeleted ||= "Retain";
    spec["persistentVolumeClaimRetentionPolicy"].whenScaled ||= "Retain";
    spec["replicas"] ??= 1;
    spec["revisionHistoryLimit"] ??= 10;
    template(spec);
    for (const claim of list(spec["volumeClaimTemplates"])) {
      claim["apiVersion"] ||= "v1";
      claim["kind"] ||= "PersistentVolumeClaim";
      claim["spec"] ??= {};
      defaultClaimSpec(claim["spec"] as Json);
      claim["status"] ??= {};
      claim["status"].phase ||= "Pending";
    }
  }),
  "apps/DaemonSet": inSpec((spec) => {
    spec["updateStrategy"] ??= {};
    spec["updateStrategy"].type ||= "RollingUpdate";
    if (spec["updateStrategy"].type === "RollingUpdate") {
      spec["updateStrategy"].rollingUpdate ??= {};
      spec["updateStrategy"].rollingUpdate.maxUnavailable ??= 1;
      spec["updateStrategy"].rollingUpdate.maxSurge ??= 0;
    }
    spec["revisionHistoryLimit"] ??= 10;
    template(spec);
  }),
  "batch/Job": inSpec((spec, object) => {
    labelsOfObject(object, spec["template"]?.metadata?.labels as Json | undefined);
    jobTemplate(spec);
    if (spec["completions"] === undefined && spec["parallelism"] === undefined) spec["completions"] = 1;
    spec["parallelism"] ??= 1;
    spec["backoffLimit"] ??= spec["backoffLimitPerIndex"] === undefined ? 6 : 2_147_483_647;
    spec["completionMode"] ??= "NonIndexed";
    spec["suspend"] ??= false;
    spec["podReplacementPolicy"] ??= spec["podFailurePolicy"] ? "Failed" : "TerminatingOrFailed";
    spec["manualSelector"] ??= false;
  }),
  "batch/CronJob": inSpec((spec) => {
    spec["concurrencyPolicy"] ||= "Allow";
    spec["suspend"] ??= false;
    spec["successfulJobsHistoryLimit"] ??= 3;
    spec["failedJobsHistoryLimit"] ??= 1;
    // The other defaults of a Job are its own, once it is made.
    if (spec["jobTemplate"]?.spec) jobTemplate(spec["jobTemplate"].spec as Json);
  }),
};

function jobTemplate(spec: Json): void {
  template(spec);
  for (const rule of list(spec["podFailurePolicy"]?.rules))
    for (const pattern of list(rule["onPodConditions"])) pattern["status"] ||= "True";
}
