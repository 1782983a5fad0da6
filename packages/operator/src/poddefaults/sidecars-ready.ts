import { ConflictError, NotFoundError } from "@outrigger/kit/client";
import { type Controller, controller, requeue } from "@outrigger/kit/controller";
import { Pod as PodKind, podCondition, podFinished } from "@outrigger/kit/kinds";
import { readInjectionRecord } from "../pod/index.ts";
import { SIDECARS_READY, seenPod } from "../seen-pod/index.ts";

export { SIDECARS_READY };

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
}
interface GatedPod {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | undefined };
  readonly spec: {
    readonly containers: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string | undefined }[] | undefined;
  };
  readonly status?:
    | {
        readonly containerStatuses?: readonly ContainerStatus[] | undefined;
        readonly initContainerStatuses?: readonly ContainerStatus[] | undefined;
      }
    | undefined;
}

/**
 * The injected containers of a pod that are not ready: those that keep running, as the pod's injection record names them. An
 * injected init container that ends has ended before any other container starts.
 */
export function waitingSidecars({ metadata, spec, status }: GatedPod): string[] {
  const injected = new Set(readInjectionRecord({ metadata: metadata as never }).flatMap(({ containers = [] }) => containers));
  const lasting = [...spec.containers, ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always")];
  const statuses = new Map(
    [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].map((one) => [one.name, one.ready]),
  );
  return lasting.map(({ name }) => name).filter((name) => injected.has(name) && statuses.get(name) !== true);
}

/** Sets the condition of pods that have the readiness gate. */
export const sidecarsReadyController: Controller = controller(PodKind, {
  name: "sidecars-ready",
  workers: 4,
  select: { transform: seenPod },
  predicate: (now) => now?.spec.readinessGates?.some(({ conditionType }) => conditionType === SIDECARS_READY) ?? false,
})
  .permissions({ apiGroups: [""], resources: ["pods/status"], verbs: ["patch"] })
  .reconcile(async (pod, ctx) => {
    const { name, namespace = "", uid, deletionTimestamp } = pod.metadata;
    if (podFinished(pod as never) || deletionTimestamp !== undefined) return undefined;
    const waiting = waitingSidecars(pod as unknown as GatedPod);
    const status = waiting.length === 0 ? "True" : "False";
    if (podCondition(pod as never, SIDECARS_READY) === status) return undefined;
    const condition = {
      type: SIDECARS_READY,
      status,
      reason: waiting.length === 0 ? "SidecarsReady" : "SidecarsNotReady",
      message: waiting.length === 0 ? "every injected container is ready" : `not ready: ${waiting.join(", ")}`,
      lastTransitionTime: `${new Date().toISOString().slice(0, 19)}Z`,
    };
    try {
      await ctx.client.patch(
        PodKind,
        { namespace, name },
        { type: "strategic", patch: { metadata: { uid }, status: { conditions: [condition] } } },
        { subresource: "status" },
      );
    } catch (error) {
      if (error instanceof ConflictError) return requeue.after(100);
      if (!(error instanceof NotFoundError)) throw error;
    }
    return undefined;
  }) as unknown as Controller;
