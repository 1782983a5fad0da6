// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as core from "./core-v1.ts";
import type * as meta from "./meta-v1.ts";

export interface CSIDriver { apiVersion?: "storage.k8s.io/v1"; kind?: "CSIDriver"; metadata?: meta.ObjectMeta; spec: CSIDriverSpec }
export interface CSIDriverSpec { attachRequired?: boolean; fsGroupPolicy?: string; nodeAllocatableUpdatePeriodSeconds?: number; podInfoOnMount?: boolean; preventPodSchedulingIfMissing?: boolean; requiresRepublish?: boolean; seLinuxMount?: boolean; serviceAccountTokenInSecrets?: boolean; storageCapacity?: boolean; tokenRequests?: TokenRequest[]; volumeLifecycleModes?: string[] }
export interface CSINode { apiVersion?: "storage.k8s.io/v1"; kind?: "CSINode"; metadata?: meta.ObjectMeta; spec: CSINodeSpec }
export interface CSINodeDriver { allocatable?: VolumeNodeResources; name: string; nodeID: string; topologyKeys?: string[] }
export interface CSINodeSpec { drivers: CSINodeDriver[] }
export interface CSIStorageCapacity { apiVersion?: "storage.k8s.io/v1"; capacity?: meta.Quantity; kind?: "CSIStorageCapacity"; maximumVolumeSize?: meta.Quantity; metadata?: meta.ObjectMeta; nodeTopology?: meta.LabelSelector; storageClassName: string }
export interface StorageClass { allowVolumeExpansion?: boolean; allowedTopologies?: core.TopologySelectorTerm[]; apiVersion?: "storage.k8s.io/v1"; kind?: "StorageClass"; metadata?: meta.ObjectMeta; mountOptions?: string[]; parameters?: { [key: string]: string }; provisioner: string; reclaimPolicy?: string; volumeBindingMode?: string }
export interface TokenRequest { audience: string; expirationSeconds?: number }
export interface VolumeAttachment { apiVersion?: "storage.k8s.io/v1"; kind?: "VolumeAttachment"; metadata?: meta.ObjectMeta; spec: VolumeAttachmentSpec; status?: VolumeAttachmentStatus }
export interface VolumeAttachmentSource { inlineVolumeSpec?: core.PersistentVolumeSpec; persistentVolumeName?: string }
export interface VolumeAttachmentSpec { attacher: string; nodeName: string; source: VolumeAttachmentSource }
export interface VolumeAttachmentStatus { attachError?: VolumeError; attached: boolean; attachmentMetadata?: { [key: string]: string }; detachError?: VolumeError }
export interface VolumeAttributesClass { apiVersion?: "storage.k8s.io/v1"; driverName: string; kind?: "VolumeAttributesClass"; metadata?: meta.ObjectMeta; parameters?: { [key: string]: string } }
export interface VolumeError { errorCode?: number; message?: string; time?: meta.Time }
export interface VolumeNodeResources { count?: number }
