// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as core from "./core-v1.ts";
import type * as meta from "./meta-v1.ts";

export interface AllocatedDeviceStatus { conditions?: meta.Condition[]; data?: meta.RawExtension; device: string; driver: string; networkData?: NetworkDeviceData; pool: string; shareID?: string }
export interface AllocationResult { allocationTimestamp?: meta.Time; devices?: DeviceAllocationResult; nodeSelector?: core.NodeSelector }
export interface CELDeviceSelector { expression: string }
export interface CapacityRequestPolicy { default?: meta.Quantity; validRange?: CapacityRequestPolicyRange; validValues?: meta.Quantity[] }
export interface CapacityRequestPolicyRange { max?: meta.Quantity; min: meta.Quantity; step?: meta.Quantity }
export interface CapacityRequirements { requests?: { [key: string]: meta.Quantity } }
export interface Counter { value: meta.Quantity }
export interface CounterSet { counters: { [key: string]: Counter }; name: string }
export interface Device { allNodes?: boolean; allowMultipleAllocations?: boolean; attributes?: { [key: string]: DeviceAttribute }; bindingConditions?: string[]; bindingFailureConditions?: string[]; bindsToNode?: boolean; capacity?: { [key: string]: DeviceCapacity }; consumesCounters?: DeviceCounterConsumption[]; name: string; nodeAllocatableResourceMappings?: { [key: string]: NodeAllocatableResourceMapping }; nodeName?: string; nodeSelector?: core.NodeSelector; taints?: DeviceTaint[] }
export interface DeviceAllocationConfiguration { opaque?: OpaqueDeviceConfiguration; requests?: string[]; source: string }
export interface DeviceAllocationResult { config?: DeviceAllocationConfiguration[]; results?: DeviceRequestAllocationResult[] }
export interface DeviceAttribute { bool?: boolean; bools?: boolean[]; int?: number; ints?: number[]; string?: string; strings?: string[]; version?: string; versions?: string[] }
export interface DeviceCapacity { requestPolicy?: CapacityRequestPolicy; value: meta.Quantity }
export interface DeviceClaim { config?: DeviceClaimConfiguration[]; constraints?: DeviceConstraint[]; requests?: DeviceRequest[] }
export interface DeviceClaimConfiguration { opaque?: OpaqueDeviceConfiguration; requests?: string[] }
export interface DeviceClass { apiVersion?: "resource.k8s.io/v1"; kind?: "DeviceClass"; metadata?: meta.ObjectMeta; spec: DeviceClassSpec }
export interface DeviceClassConfiguration { opaque?: OpaqueDeviceConfiguration }
export interface DeviceClassSpec { config?: DeviceClassConfiguration[]; extendedResourceName?: string; selectors?: DeviceSelector[] }
export interface DeviceConstraint { distinctAttribute?: string; matchAttribute?: string; requests?: string[] }
export interface DeviceCounterConsumption { counterSet: string; counters: { [key: string]: Counter } }
export interface DeviceRequest { exactly?: ExactDeviceRequest; firstAvailable?: DeviceSubRequest[]; name: string }
export interface DeviceRequestAllocationResult { adminAccess?: boolean; bindingConditions?: string[]; bindingFailureConditions?: string[]; consumedCapacity?: { [key: string]: meta.Quantity }; device: string; driver: string; pool: string; request: string; shareID?: string; tolerations?: DeviceToleration[] }
export interface DeviceSelector { cel?: CELDeviceSelector }
export interface DeviceSubRequest { allocationMode?: string; capacity?: CapacityRequirements; count?: number; deviceClassName: string; name: string; selectors?: DeviceSelector[]; tolerations?: DeviceToleration[] }
export interface DeviceTaint { effect: string; key: string; timeAdded?: meta.Time; value?: string }
export interface DeviceToleration { effect?: string; key?: string; operator?: string; tolerationSeconds?: number; value?: string }
export interface ExactDeviceRequest { adminAccess?: boolean; allocationMode?: string; capacity?: CapacityRequirements; count?: number; deviceClassName: string; selectors?: DeviceSelector[]; tolerations?: DeviceToleration[] }
export interface NetworkDeviceData { hardwareAddress?: string; interfaceName?: string; ips?: string[] }
export interface NodeAllocatableResourceMapping { allocationMultiplier?: meta.Quantity; capacityKey?: string }
export interface OpaqueDeviceConfiguration { driver: string; parameters: meta.RawExtension }
export interface ResourceClaim { apiVersion?: "resource.k8s.io/v1"; kind?: "ResourceClaim"; metadata?: meta.ObjectMeta; spec: ResourceClaimSpec; status?: ResourceClaimStatus }
export interface ResourceClaimConsumerReference { apiGroup?: string; name: string; resource: string; uid: string }
export interface ResourceClaimSpec { devices?: DeviceClaim }
export interface ResourceClaimStatus { allocation?: AllocationResult; devices?: AllocatedDeviceStatus[]; reservedFor?: ResourceClaimConsumerReference[] }
export interface ResourceClaimTemplate { apiVersion?: "resource.k8s.io/v1"; kind?: "ResourceClaimTemplate"; metadata?: meta.ObjectMeta; spec: ResourceClaimTemplateSpec }
export interface ResourceClaimTemplateSpec { metadata?: meta.ObjectMeta; spec: ResourceClaimSpec }
export interface ResourcePool { generation: number; name: string; resourceSliceCount: number }
export interface ResourceSlice { apiVersion?: "resource.k8s.io/v1"; kind?: "ResourceSlice"; metadata?: meta.ObjectMeta; spec: ResourceSliceSpec }
export interface ResourceSliceSpec { allNodes?: boolean; devices?: Device[]; driver: string; nodeName?: string; nodeSelector?: core.NodeSelector; perDeviceNodeSelection?: boolean; pool: ResourcePool; sharedCounters?: CounterSet[] }
