import { Buffer } from "node:buffer";
import { timestamp } from "../metadata.ts";
import { certificateSigningRequests } from "./certificates.ts";
import { definitions } from "./definitions.ts";
import type { KindRules } from "./kind-rules.ts";
import { namespaces } from "./namespaces.ts";
import { nodes, pods } from "./pods.ts";
import { services } from "./services.ts";
import { daemonSets, deployments, jobs } from "./workloads.ts";

const versioned: KindRules = { unconditionalUpdate: false };
const upsert: KindRules = { createOnUpdate: true };
const returned: KindRules = { returnsDeleted: true };

const rules: Readonly<Record<string, KindRules>> = {
  "/endpoints": upsert,
  "/events": { ...upsert, collection: "None", fieldValue: eventField },
  "events.k8s.io/events": { ...upsert, collection: "None", fieldValue: eventField },
  "/limitranges": upsert,
  "/namespaces": namespaces,
  "/nodes": nodes,
  "/persistentvolumeclaims": { ...returned, prepareForCreate: pending },
  "/persistentvolumes": { ...returned, prepareForCreate: pendingVolume },
  "/pods": pods,
  "/podtemplates": returned,
  "/replicationcontrollers": { collection: "Orphan" },
  "/resourcequotas": returned,
  "/secrets": { decoded: encodeStringData },
  "/serviceaccounts": returned,
  "/services": services,
  "admissionregistration.k8s.io/mutatingadmissionpolicies": versioned,
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings": versioned,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": versioned,
  "admissionregistration.k8s.io/validatingadmissionpolicies": versioned,
  "admissionregistration.k8s.io/validatingadmissionpolicybindings": versioned,
  "admissionregistration.k8s.io/validatingwebhookconfigurations": versioned,
  "apiextensions.k8s.io/customresourcedefinitions": definitions,
  "apiregistration.k8s.io/apiservices": versioned,
  "apps/daemonsets": daemonSets,
  "apps/deployments": deployments,
  "batch/jobs": jobs,
  "certificates.k8s.io/certificatesigningrequests": certificateSigningRequests,
  "certificates.k8s.io/clustertrustbundles": versioned,
  "coordination.k8s.io/leases": { ...versioned, ...upsert },
  "node.k8s.io/runtimeclasses": { ...versioned, ...upsert },
  "policy/poddisruptionbudgets": versioned,
  "rbac.authorization.k8s.io/clusterrolebindings": upsert,
  "rbac.authorization.k8s.io/clusterroles": upsert,
  "rbac.authorization.k8s.io/rolebindings": upsert,
  "rbac.authorization.k8s.io/roles": upsert,
  "resource.k8s.io/deviceclasses": returned,
  "resource.k8s.io/devicetaintrules": returned,
  "resource.k8s.io/resourceclaims": returned,
  "resource.k8s.io/resourceclaimtemplates": returned,
  "resource.k8s.io/resourceslices": returned,
  "storage.k8s.io/csidrivers": { ...versioned, ...returned },
  "storage.k8s.io/csinodes": { ...versioned, ...returned },
  "storage.k8s.io/csistoragecapacities": versioned,
  "storage.k8s.io/storageclasses": returned,
  "storage.k8s.io/volumeattachments": { ...versioned, ...returned },
  "storage.k8s.io/volumeattributesclasses": returned,
};

const none: KindRules = {};
/** Custom resources: an update must say which version it changes. */
const custom: KindRules = versioned;

/** The rules of a resource; `isCustom` for resources of CustomResourceDefinitions. */
export function kindRules(group: string, plural: string, isCustom: boolean): KindRules {
  if (isCustom) return custom;
  return rules[`${group}/${plural}`] ?? none;
}

function pending(object: Parameters<NonNullable<KindRules["prepareForCreate"]>>[0]): void {
  object["status"] = { phase: "Pending" };
}

function pendingVolume(object: Parameters<NonNullable<KindRules["prepareForCreate"]>>[0]): void {
  object["status"] = { phase: "Pending", lastPhaseTransitionTime: timestamp() };
}

/** `stringData` is for writing alone: it becomes `data`. */
function encodeStringData(object: Parameters<NonNullable<KindRules["decoded"]>>[0]): void {
  const { stringData } = object;
  if (stringData === undefined) return;
  delete object["stringData"];
  const entries = Object.entries(stringData as Record<string, string>).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  object["data"] = { ...(object["data"] as Record<string, string> | undefined), ...Object.fromEntries(entries) };
}

/** Events come in two shapes; selectors read the old names from either. */
function eventField(object: Parameters<NonNullable<KindRules["fieldValue"]>>[0], path: string): string | undefined {
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const involved = (object["involvedObject"] ?? object["regarding"] ?? {}) as Record<string, unknown>;
  if (path.startsWith("involvedObject.")) return text(involved[path.slice("involvedObject.".length)]);
  if (path.startsWith("regarding.")) return text(involved[path.slice("regarding.".length)]);
  if (path === "source" || path === "reportingComponent" || path === "reportingController") {
    const source = (object["source"] ?? object["deprecatedSource"] ?? {}) as Record<string, unknown>;
    const reporting = text(object["reportingComponent"] ?? object["reportingController"]);
    return path === "source" ? text(source["component"]) || reporting : reporting || text(source["component"]);
  }
  return undefined;
}
