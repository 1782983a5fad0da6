// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as core from "./core-v1.ts";
import type * as meta from "./meta-v1.ts";

export interface Endpoint { addresses: string[]; conditions?: EndpointConditions; deprecatedTopology?: { [key: string]: string }; hints?: EndpointHints; hostname?: string; nodeName?: string; targetRef?: core.ObjectReference; zone?: string }
export interface EndpointConditions { ready?: boolean; serving?: boolean; terminating?: boolean }
export interface EndpointHints { forNodes?: ForNode[]; forZones?: ForZone[] }
export interface EndpointPort { appProtocol?: string; name?: string; port?: number; protocol?: string }
export interface EndpointSlice { addressType: string; apiVersion?: "discovery.k8s.io/v1"; endpoints?: Endpoint[]; kind?: "EndpointSlice"; metadata?: meta.ObjectMeta; ports?: EndpointPort[] }
export interface ForNode { name: string }
export interface ForZone { name: string }
