import { type KubeObject, labelSelector } from "@outrigger/kit/api";
import {
  admitted,
  badRequest,
  type DeleteOptions,
  deleteObject,
  forbidden,
  internal,
  notFound,
  readCopy,
  type StatusError,
  tableOf,
  timestamp,
  tooManyRequests,
  updateObject,
} from "../../registry/index.ts";
import type { ApiResponse } from "../request.ts";
import { acceptSingle, type ResourceRequest } from "../resource-handler.ts";
import { document } from "../respond.ts";
import { admitBody, objectBody } from "./binding.ts";

interface Budget extends KubeObject {
  spec: { selector?: { matchLabels?: Record<string, string> } };
  status?: {
    observedGeneration?: number;
    disruptionsAllowed?: number;
    desiredHealthy?: number;
    currentHealthy?: number;
    disruptedPods?: Record<string, string>;
  };
}

/** Deletes a pod when its disruption budget allows it (`pkg/registry/core/pod/storage/eviction.go`). */
export async function evict(one: ResourceRequest): Promise<ApiResponse> {
  const { request, target, services, caller } = one;
  const eviction = await objectBody(one);
  const given = (eviction["metadata"] as { name?: string } | undefined)?.name ?? "";
  if (given !== target.name) throw badRequest("name in URL does not match name in Eviction object");
  const sent = { ...(eviction["deleteOptions"] as Record<string, unknown> | undefined) };
  const dryRun = request.query.getAll("dryRun").includes("All") || (Array.isArray(sent["dryRun"]) && sent["dryRun"].length > 0);
  const options: DeleteOptions = {
    gracePeriodSeconds: sent["gracePeriodSeconds"] as number | undefined,
    propagationPolicy: sent["propagationPolicy"] as string | undefined,
    preconditions: sent["preconditions"] as NonNullable<DeleteOptions["preconditions"]> | undefined,
    dryRun,
    sent,
  };
  const entry = tableOf(services.parts.store, "", "pods").get(target.namespace, target.name);
  if (!entry) throw notFound(target.resource, target.name);
  await admitBody(one, eviction as unknown as KubeObject, { dryRun, sent: dryRun ? { dryRun: ["All"] } : {} });
  const pod = await readCopy(target.resource, entry);
  if (!ignoresBudgets(pod)) await useBudget(one, pod, dryRun);
  if (!dryRun) await markDisrupted(one);
  await deleteObject({ ...services.parts, admission: admitted }, { ...target, subresource: "" }, caller, options);
  return document(201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 }, acceptSingle(one));
}

/** The pod says itself why it went. */
async function markDisrupted({ services, target, caller }: ResourceRequest): Promise<void> {
  await updateObject(
    { ...services.parts, admission: admitted },
    { ...target, subresource: "status" },
    caller,
    (current) => {
      const object = structuredClone(current!);
      const status = { ...(object["status"] as { conditions?: Condition[] } | undefined) };
      const others = (status.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget");
      const before = status.conditions?.find(({ type }) => type === "DisruptionTarget");
      const since = before?.status === "True" ? before.lastTransitionTime : timestamp();
      const observed = object.metadata.generation === undefined ? {} : { observedGeneration: object.metadata.generation };
      const condition: Condition = {
        type: "DisruptionTarget",
        ...(before ? pickObserved(before) : observed),
        status: "True",
        lastProbeTime: null,
        lastTransitionTime: since,
        reason: "EvictionByEvictionAPI",
        message: "Eviction API: evicting",
      };
      object["status"] = { ...status, conditions: [...others, condition] };
      return object;
    },
    { dryRun: false, fieldManager: "", fieldValidation: "Ignore", force: false, sent: {} },
  );
}

interface Condition {
  type: string;
  status: string;
  lastTransitionTime?: unknown;
  [field: string]: unknown;
}

function pickObserved({ observedGeneration }: Condition): object {
  return observedGeneration === undefined ? {} : { observedGeneration };
}

function ignoresBudgets(pod: KubeObject): boolean {
  const phase = (pod["status"] as { phase?: string } | undefined)?.phase;
  return phase === "Succeeded" || phase === "Failed" || phase === "Pending" || pod.metadata.deletionTimestamp !== undefined;
}

async function useBudget({ services, target, caller }: ResourceRequest, pod: KubeObject, dryRun: boolean): Promise<void> {
  const budgets = services.parts.reader
    .list("policy", "poddisruptionbudgets")
    .filter((one) => one.metadata.namespace === target.namespace)
    .filter((one) => labelSelector(((one as Budget).spec.selector ?? {}) as never).matches(pod.metadata.labels ?? {})) as Budget[];
  if (budgets.length === 0) return;
  if (budgets.length > 1)
    throw internal("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
  const [budget] = budgets;
  const resource = services.resources.find("policy", "v1", "poddisruptionbudgets")!;
  const budgetTarget = { resource, namespace: target.namespace, name: budget!.metadata.name ?? "", subresource: "status" };
  const options = { dryRun, fieldManager: "", fieldValidation: "Ignore", force: false, sent: {} } as const;
  await updateObject(
    { ...services.parts, admission: admitted },
    budgetTarget,
    caller,
    (current) => {
      const object = structuredClone(current!) as Budget;
      const status = { ...object.status };
      const refused = refusalOf(object);
      if (refused) throw refused;
      status.disruptionsAllowed = (status.disruptionsAllowed ?? 0) - 1;
      status.disruptedPods = { ...status.disruptedPods, [target.name]: timestamp() };
      object.status = status;
      return object;
    },
    options,
  );
}

function refusalOf(budget: Budget): StatusError | undefined {
  const { status = {} } = budget;
  const name = budget.metadata.name ?? "";
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  const because = (why: string): { reason: string; message: string }[] => [{ reason: "DisruptionBudget", message: why }];
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    return tooManyRequests(message, 10, because(`The disruption budget ${name} is still being processed by the server.`));
  }
  const allowed = status.disruptionsAllowed ?? 0;
  if (allowed < 0) return forbidden({ group: "policy", plural: "poddisruptionbudgets" }, name, "pdb disruptions allowed is negative");
  if (allowed > 0) return undefined;
  const { desiredHealthy = 0, currentHealthy = 0 } = status;
  return tooManyRequests(
    message,
    0,
    because(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`),
  );
}
