/** What most operators need, in one import; each folder has the rest (`@outrigger/kit/client`, `@outrigger/kit/cache`, …). */
export {
  type Desired,
  type Duration,
  type KubeObject,
  type ObjectKey,
  type Observed,
  ownerReference,
  Quantity,
  type Resource,
  type StatusOf,
} from "./api/index.ts";
export { type Informer, type Informers, informers } from "./cache/index.ts";
export {
  AlreadyExistsError,
  type Client,
  ConflictError,
  ConnectionError,
  connect,
  InvalidError,
  loadKubeconfig,
  NotFoundError,
  StatusError,
} from "./client/index.ts";
export {
  type Condition,
  type Context,
  type Controller,
  controller,
  generationChanged,
  installDefinitions,
  labelsChanged,
  type Reconcile,
  type Result,
  requeue,
  setCondition,
  TerminalError,
} from "./controller/index.ts";
export {
  ConfigMap,
  CronJob,
  CustomResourceDefinition,
  DaemonSet,
  Deployment,
  fromManager,
  Ingress,
  Job,
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  podReady,
  ReplicaSet,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  t,
  withEnvironment,
} from "./kinds/index.ts";
export { type Manager, type ManagerOptions, manager } from "./manager/index.ts";
export {
  type ConversionClient,
  type CustomResource,
  defineResource,
  type EmbeddedResource,
  formerVersion,
  withVersions,
} from "./schema/index.ts";
export { type AdmissionContext, type ResourceWebhook, webhook } from "./webhook/index.ts";
