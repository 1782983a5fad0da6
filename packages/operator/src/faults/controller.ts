import { ConflictError, NotFoundError } from "@outrigger/kit/client";
import { type Context, type Controller, controller, type Result } from "@outrigger/kit/controller";
import { Namespace, Pod } from "@outrigger/kit/kinds";
import { seenPod } from "../seen-pod/index.ts";
import { podMatters } from "./candidates.ts";
import { Driver, type DriverOptions } from "./driver.ts";
import { reconcileFault } from "./reconcile.ts";
import { FaultRegistry } from "./registry.ts";
import { NetworkFault, type NetworkFaultObject } from "./resource.ts";

export interface NetworkFaultControllerOptions extends DriverOptions {}

/** What the reconcile of a fault works with. */
export type FaultContext = Context<typeof NetworkFault, typeof Pod | typeof Namespace>;

/** Faults that are worked on at one time: most of a reconcile is waiting for agents. */
const WORKERS = 8;

/** The controller of NetworkFaults. It shares the manager's watches of pods and namespaces and opens one more, of the faults. */
export function networkFaultController(options: NetworkFaultControllerOptions = {}): Controller {
  const driver = new Driver(options);
  const registry = new FaultRegistry();
  const follow = (now: NetworkFaultObject | undefined, before: NetworkFaultObject | undefined): boolean => {
    registry.update(now, before);
    if (!now && before) driver.forget(before.metadata.uid);
    return true;
  };
  return controller(NetworkFault, { name: "networkfault", workers: WORKERS, predicate: follow })
    .watches(Pod, (pod, before) => registry.concerning(pod as never, before as never), {
      predicate: podMatters as never,
      select: { transform: seenPod },
    })
    .uses(Namespace)
    .reconcile(async (fault, ctx): Promise<Result> => {
      try {
        return await reconcileFault(fault, ctx, driver);
      } catch (error) {
        // Somebody wrote it meanwhile, or it went: the event of that brings it here again.
        if (error instanceof ConflictError) return { requeueAfter: 200 };
        if (error instanceof NotFoundError && error.status.details?.name === fault.metadata.name) return undefined;
        throw error;
      }
    }) as unknown as Controller;
}
