import type { KubeObject, Resource } from "@outrigger/kit/api";
import type { InformerOptions, Informers } from "@outrigger/kit/cache";
import type { Client } from "@outrigger/kit/client";
import type { Controller, PolicyRule } from "@outrigger/kit/controller";
import type { MetricFamilies } from "@outrigger/kit/manager";
import type { Webhook, WebhookTarget } from "@outrigger/kit/webhook";

/** One capability of the manager. What it declares here is known without a cluster; see the folder's contract. */
export interface Feature {
  /** As people name it to turn it on: `node-overcommit`. */
  readonly name: string;
  /** Off unless somebody names it. Default: always on. */
  readonly optional?: boolean;
  /** The CustomResourceDefinitions that the manager installs, with the target of their conversion webhook. */
  readonly definitions?: (webhook: WebhookTarget) => readonly KubeObject[];
  /** What the handlers read from caches, beside what the controllers declare. */
  readonly reads?: readonly FeatureRead[];
  readonly controllers?: readonly Controller[];
  /** The webhook configurations that do not depend on what is in the cluster. */
  readonly configurations?: (webhook: WebhookTarget) => readonly KubeObject[];
  /** Cluster-wide rights beyond those that follow from the other fields. */
  readonly permissions?: readonly PolicyRule[];
  /** Rights in the manager's own namespace beyond those that follow from `reads`. */
  readonly namespacePermissions?: readonly PolicyRule[];
  /** Called once for each run of the manager, before its caches start. */
  readonly run?: (context: FeatureContext) => RunningFeature;
}

/** Objects that the manager watches for a feature. */
export interface FeatureRead {
  readonly resource: Resource;
  readonly options?: InformerOptions;
}

export interface FeatureContext {
  readonly client: Client;
  readonly informers: Informers;
  /** How API servers reach the webhooks, with the authority of the present certificate. Known once the manager listens. */
  readonly webhook: () => WebhookTarget;
  /** Says that the answer of `RunningFeature.configurations` has changed. */
  readonly changed: () => void;
  /** A line for the operator of the manager. */
  readonly report: (line: string) => void;
}

/** How an object of the cluster is at the moment, where the manager keeps it. */
export type Observed = (kind: string, name: string) => KubeObject | undefined;

/** A feature in one run of the manager. */
export interface RunningFeature {
  /** Webhook handlers; no two features may have one path. */
  readonly handlers?: readonly Webhook[];
  /**
   * The webhook configurations that depend on what is in the cluster: always of the same names, which the feature's `permissions`
   * name too. Asked for once the caches have synced, while this process leads, and again after each change: of them, of the
   * certificate, or by `FeatureContext.changed`.
   */
  configurations?(observed: Observed): readonly KubeObject[];
  /** The object belongs to another program at the moment: it is neither written nor taken away. Told of changes by `FeatureContext.changed`. */
  leavesAlone?(object: KubeObject): boolean;
  /** The API server does not take a configuration as it is wanted. True where the feature wants another now. */
  refused?(configuration: KubeObject, error: unknown): boolean;
  /** Why the feature cannot answer reviews at the moment, for readiness; `undefined` where it can. */
  unready?(): string | undefined;
  /** Figures of its own, for the manager's `/metrics`. */
  metrics?(): Promise<MetricFamilies>;
  /** Ends what the feature does by itself; called when the manager stops. */
  stop?(): Promise<void>;
}
