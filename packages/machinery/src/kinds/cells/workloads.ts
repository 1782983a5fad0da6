import type { apps, batch, core, policy } from "@outrigger/kit/kubernetes";
import { humanDuration } from "./human-duration.ts";
import { age, containerCells, labelsText, name, type Printers, printer, selectorText, since } from "./printer.ts";

export const workloadCells: Printers = {
  "apps/Deployment": printer<apps.Deployment>((object, now) => {
    const { spec, status } = object;
    return [
      name(object),
      `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
      status?.updatedReplicas ?? 0,
      status?.availableReplicas ?? 0,
      age(object, now),
      ...containerCells(spec?.template?.spec),
      selectorText(spec?.selector, { empty: "", invalid: "<invalid>" }),
    ];
  }),
  "apps/ReplicaSet": printer<apps.ReplicaSet>((object, now) => [
    ...replicaCells(object, now),
    ...containerCells(object.spec?.template?.spec),
    selectorText(object.spec?.selector),
  ]),
  "/ReplicationController": printer<core.ReplicationController>((object, now) => [
    ...replicaCells(object, now),
    ...containerCells(object.spec?.template?.spec),
    labelsText(object.spec?.selector),
  ]),
  "apps/StatefulSet": printer<apps.StatefulSet>((object, now) => [
    name(object),
    `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`,
    age(object, now),
    ...containerCells(object.spec?.template?.spec),
  ]),
  "apps/DaemonSet": printer<apps.DaemonSet>((object, now) => {
    const { spec, status } = object;
    return [
      name(object),
      status?.desiredNumberScheduled ?? 0,
      status?.currentNumberScheduled ?? 0,
      status?.numberReady ?? 0,
      status?.updatedNumberScheduled ?? 0,
      status?.numberAvailable ?? 0,
      labelsText(spec?.template?.spec?.nodeSelector),
      age(object, now),
      ...containerCells(spec?.template?.spec),
      selectorText(spec?.selector),
    ];
  }),
  "apps/ControllerRevision": printer<apps.ControllerRevision>((object, now) => {
    const owner = object.metadata?.ownerReferences?.find(({ controller }) => controller);
    return [name(object), owner ? `${kindAndGroup(owner)}/${owner.name}` : "<none>", object.revision ?? 0, age(object, now)];
  }),
  "batch/Job": printer<batch.Job>((object, now) => [
    name(object),
    jobStatus(object),
    completions(object),
    jobDuration(object, now),
    age(object, now),
    ...containerCells(object.spec?.template?.spec),
    selectorText(object.spec?.selector),
  ]),
  "batch/CronJob": printer<batch.CronJob>((object, now) => {
    const { spec, status } = object;
    return [
      name(object),
      spec?.schedule ?? "",
      spec?.timeZone ?? "<none>",
      spec?.suspend === undefined ? "<unset>" : spec.suspend ? "True" : "False",
      status?.active?.length ?? 0,
      status?.lastScheduleTime ? since(status.lastScheduleTime, now) : "<none>",
      age(object, now),
      ...containerCells(spec?.jobTemplate?.spec?.template?.spec),
      selectorText(spec?.jobTemplate?.spec?.selector),
    ];
  }),
  "policy/PodDisruptionBudget": printer<policy.PodDisruptionBudget>((object, now) => [
    name(object),
    String(object.spec?.minAvailable ?? "N/A"),
    String(object.spec?.maxUnavailable ?? "N/A"),
    object.status?.disruptionsAllowed ?? 0,
    age(object, now),
  ]),
};

function replicaCells(object: apps.ReplicaSet | core.ReplicationController, now: Date): unknown[] {
  return [name(object), object.spec?.replicas ?? 0, object.status?.replicas ?? 0, object.status?.readyReplicas ?? 0, age(object, now)];
}

/** `statefulset.apps`; the core group has no name. */
function kindAndGroup({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string {
  const [group] = apiVersion.includes("/") ? apiVersion.split("/") : [""];
  return (group ? `${kind}.${group}` : kind).toLowerCase();
}

/** Conditions of a Job that name its state, the strongest first; that it is being deleted comes after the first two. */
const FINAL = ["Complete", "Failed"];
const ON_THE_WAY = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];

function jobStatus({ metadata, status }: batch.Job): string {
  const firstTrue = (types: readonly string[]): string | undefined =>
    types.find((type) => status?.conditions?.find((condition) => condition.type === type)?.status === "True");
  return firstTrue(FINAL) ?? (metadata?.deletionTimestamp ? "Terminating" : undefined) ?? firstTrue(ON_THE_WAY) ?? "Running";
}

function completions({ spec, status }: batch.Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status }: batch.Job, now: Date): string {
  if (!status?.startTime) return "";
  const end = status.completionTime ? Date.parse(status.completionTime) : now.getTime();
  return humanDuration(end - Date.parse(status.startTime));
}
