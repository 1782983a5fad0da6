/** The built-in kinds that control loops and the kubelet read and write, and the parts of them that several files name. */
import type { Deployment, Pod } from "@outrigger/kit/kinds";

export {
  CertificateSigningRequest,
  ClusterRole,
  ConfigMap,
  ControllerRevision,
  CronJob,
  CustomResourceDefinition,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  Event,
  HorizontalPodAutoscaler,
  Job,
  Lease,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  StorageClass,
  ValidatingAdmissionPolicy,
} from "@outrigger/kit/kinds";
export type PodSpec = Pod["spec"];
export type Container = PodSpec["containers"][number];
export type PodStatus = NonNullable<Pod["status"]>;
export type PodTemplate = Deployment["spec"]["template"];
export { claimNameOf } from "./claims.ts";
export { difference } from "./difference.ts";
