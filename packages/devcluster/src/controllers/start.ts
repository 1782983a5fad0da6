import { type Informers, informers as makeInformers } from "@outrigger/kit/cache";
import type { Client } from "@outrigger/kit/client";
import { eventRecorder, type Log, silentLog, type WritingEventRecorder } from "@outrigger/kit/controller";
import { admissionPolicyStatusLoop } from "./admission-policies/index.ts";
import { autoscalerLoop } from "./autoscaler/index.ts";
import { certificateApproverLoop, certificateSignerLoop } from "./certificates/index.ts";
import { clusterRoleAggregationLoop } from "./clusterroles/index.ts";
import { daemonSetLoop } from "./daemonset/index.ts";
import { deploymentLoop } from "./deployment/index.ts";
import { disruptionLoop } from "./disruption/index.ts";
import { endpointSliceLoop, endpointSliceMirroringLoop, endpointsLoop } from "./endpoints/index.ts";
import { garbageLoop } from "./garbage/index.ts";
import { addSharedIndexes } from "./indexes.ts";
import { cronJobLoop, jobLoop } from "./job/index.ts";
import type { ClusterSigner, Loop, RunningLoop } from "./loop.ts";
import { namespaceLoop, rootCaLoop, serviceAccountLoop } from "./namespace/index.ts";
import { nodeLoop } from "./node/index.ts";
import { podCollectorLoop } from "./podgc/index.ts";
import { quotaLoop } from "./quota/index.ts";
import { replicaSetLoop, replicationControllerLoop } from "./replicaset/index.ts";
import { schedulerLoop } from "./scheduler/index.ts";

import { statefulSetLoop } from "./statefulset/index.ts";
import { tokenLoop } from "./tokens/index.ts";
import { localProvisionerLoop, volumeBinderLoop, volumeProtectionLoop } from "./volumes/index.ts";

const LOOPS = {
  serviceaccount: serviceAccountLoop,
  rootca: rootCaLoop,
  namespace: namespaceLoop,
  deployment: deploymentLoop,
  replicaset: replicaSetLoop,
  replicationcontroller: replicationControllerLoop,
  node: nodeLoop,
  statefulset: statefulSetLoop,
  daemonset: daemonSetLoop,
  job: jobLoop,
  cronjob: cronJobLoop,
  disruption: disruptionLoop,
  resourcequota: quotaLoop,
  volumebinder: volumeBinderLoop,
  volumeprotection: volumeProtectionLoop,
  localprovisioner: localProvisionerLoop,
  scheduler: schedulerLoop,
  endpoints: endpointsLoop,
  endpointslice: endpointSliceLoop,
  endpointslicemirroring: endpointSliceMirroringLoop,
  serviceaccounttoken: tokenLoop,
  clusterroleaggregation: clusterRoleAggregationLoop,
  csrapproving: certificateApproverLoop,
  csrsigning: certificateSignerLoop,
  horizontalpodautoscaler: autoscalerLoop,
  validatingadmissionpolicystatus: admissionPolicyStatusLoop,
  podgarbagecollector: podCollectorLoop,
  garbagecollector: garbageLoop,
} satisfies Record<string, Loop>;
export type ControlLoop = keyof typeof LOOPS;
/** The names of all loops, in the order in which they start. */
export const CONTROL_LOOPS = Object.keys(LOOPS) as readonly ControlLoop[];

export interface ControllersOptions {
  /** Loops to leave out (`false`); all run otherwise. */
  readonly loops?: Partial<Readonly<Record<ControlLoop, boolean>>>;
  /** The certificate authority that `kube-root-ca.crt` publishes, PEM. Without it none is published. */
  readonly rootCa?: string;
  /** Signs tokens of ServiceAccounts and certificate requests. Without it nobody does. */
  readonly signer?: ClusterSigner;
  readonly log?: Log;
}
export interface RunningControllers {
  /** The caches of the loops, for a kubelet in the same process; they stop with the loops. */
  readonly informers: Informers;
  /** Resolves when nothing of them is left running: no watch, no timer, no request. */
  stop(): Promise<void>;
}

/**
 * Starts the control loops against any API server, and resolves when their caches have synced and they work.
 *
 * @param client must be allowed everything that the loops do; system:masters is the simplest.
 */
export async function startControllers(client: Client, options: ControllersOptions = {}): Promise<RunningControllers> {
  const { loops = {}, rootCa, signer, log = silentLog } = options;
  const informers = makeInformers(client, {
    onError: (error, { plural }) => log.warn({ err: error, resource: plural }, "a list or watch failed"),
  });
  const reporters = new Map<string, WritingEventRecorder>();
  const runtime = {
    client,
    informers,
    log,
    rootCa,
    signer,
    reporter(component: string): WritingEventRecorder {
      const made = reporters.get(component) ?? eventRecorder(client, { component, log });
      reporters.set(component, made);
      return made;
    },
  };
  addSharedIndexes(informers);
  const running: RunningLoop[] = CONTROL_LOOPS.filter((name) => loops[name] !== false).map((name) => LOOPS[name](runtime));
  informers.start();
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((loop) => loop.stop()));
    await Promise.all(Array.from(reporters.values(), (one) => one.stop()));
    await informers.stop();
  };
  try {
    await Promise.all(running.map(({ ready }) => ready));
  } catch (error) {
    await stop();
    throw error;
  }
  return { informers, stop };
}
