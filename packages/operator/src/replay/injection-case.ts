import type { KubeObject } from "@outrigger/kit/api";
import type { Pod } from "../pod/index.ts";
import type { SidecarSet } from "../sidecarset/index.ts";

/** Key of kruise's configuration ConfigMap that says which annotations sets may patch. */
export const WHITELIST_KEY = "SidecarSet_PatchPodMetadata_WhiteList";

/** One recorded injection: what was in the cluster, the pod that was created, and what kruise's webhook made of it. */
export interface InjectionCase {
  readonly name: string;
  readonly why: string;
  readonly namespaces: readonly { readonly name: string; readonly labels?: Readonly<Record<string, string>> }[];
  /** As submitted, in order; a name that comes again is an update. */
  readonly sidecarsets: readonly KubeObject[];
  /** As stored, in v1beta1. */
  readonly storedSidecarsets?: readonly SidecarSet[];
  readonly pod: Pod;
  /** The pod with the API server's defaults: what the webhook was given. */
  readonly podWithoutSidecarSets?: Pod;
  /** kruise's own configuration, where the case has one. */
  readonly configMap?: { readonly namespace: string; readonly name: string; readonly data: Readonly<Record<string, string>> };
  readonly featureGates?: Readonly<Record<string, boolean>>;
  readonly result: InjectionResult;
  /** Where kruise's result varied from draw to draw. */
  readonly variants?: readonly InjectionResult[];
  readonly [field: string]: unknown;
}

export type InjectionResult =
  | { readonly pod: Pod; readonly status?: never }
  | { readonly status: { readonly message: string; readonly code: number }; readonly pod?: never };
