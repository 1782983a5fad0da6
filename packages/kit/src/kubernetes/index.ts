/**
 * Static types of Kubernetes' own kinds and their parts, a namespace for each group: `core.PodSpec`, `apps.Deployment`.
 *
 * Guarantees
 * - The types are those of the release whose table of kinds the project ships; `npm run lint` fails where they differ.
 * - A group's name means its preferred version; another version has its number in the name (`autoscalingV1`).
 * - There is nothing here at run time.
 * - Each module is an entry of the package too (`@outrigger/kit/kubernetes/core-v1`), by which the compiler names what it infers.
 */
export type * as admissionregistration from "./admissionregistration-v1.ts";
export type * as apiextensions from "./apiextensions-v1.ts";
export type * as apiregistration from "./apiregistration-v1.ts";
export type * as apps from "./apps-v1.ts";
export type * as authentication from "./authentication-v1.ts";
export type * as authorization from "./authorization-v1.ts";
export type * as autoscalingV1 from "./autoscaling-v1.ts";
export type * as autoscaling from "./autoscaling-v2.ts";
export type * as batch from "./batch-v1.ts";
export type * as certificates from "./certificates-v1.ts";
export type * as coordination from "./coordination-v1.ts";
export type * as core from "./core-v1.ts";
export type * as discovery from "./discovery-v1.ts";
export type * as events from "./events-v1.ts";
export type * as flowcontrol from "./flowcontrol-v1.ts";
export type * as meta from "./meta-v1.ts";
export type * as networking from "./networking-v1.ts";
export type * as node from "./node-v1.ts";
export type * as policy from "./policy-v1.ts";
export type * as rbac from "./rbac-v1.ts";
export type * as resource from "./resource-v1.ts";
export type * as scheduling from "./scheduling-v1.ts";
export type * as storage from "./storage-v1.ts";
export type { KubernetesParts } from "./parts.ts";
