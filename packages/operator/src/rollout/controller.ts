import type { Resource } from "@outrigger/kit/api";
import { type Context, type Controller, controller, labelsChanged, type Result } from "@outrigger/kit/controller";
import { ControllerRevision, MutatingWebhookConfiguration, Namespace, Pod } from "@outrigger/kit/kinds";
import { KRUISE_SELECTION } from "../kruise/index.ts";
import { type SeenPod, seenPod } from "../seen-pod/index.ts";
import { REVISION_SET_LABEL, type SidecarSet, SidecarSets } from "../sidecarset/index.ts";
import { Rollout } from "./rollout.ts";
import { type RolloutControllerOptions, Shared } from "./shared.ts";

export type { RolloutControllerOptions };

/** What the reconcile of a set works with. */
export type RolloutContext = Context<
  typeof SidecarSets,
  typeof Pod | typeof Namespace | typeof ControllerRevision | typeof MutatingWebhookConfiguration,
  typeof ControllerRevision
>;

/** Where the revisions of sets are watched; the same for everybody who reads them, so that they are watched once. */
export function revisionSelection(namespace: string): { readonly namespace: string; readonly labelSelector: string } {
  return { namespace, labelSelector: REVISION_SET_LABEL };
}

/** Sets that are worked on at one time: most of a reconcile is waiting for writes. */
const WORKERS = 4;

/** The controller of SidecarSets; see the folder's contract. */
export function rolloutController(options: RolloutControllerOptions): Controller {
  const shared = new Shared(options);
  return (
    controller(SidecarSets, {
      name: "sidecarset-rollout",
      fieldManager: "outrigger-manager",
      workers: WORKERS,
      predicate: ((now: SidecarSet | undefined, before: SidecarSet | undefined) => shared.setChanged(now, before)) as never,
    })
      .owns(ControllerRevision, { select: revisionSelection(options.namespace) })
      .watches(Pod, () => [...shared.concerned].map((name) => ({ name })), {
        select: { transform: seenPod },
        predicate: ((now: SeenPod | undefined, before: SeenPod | undefined) => shared.podChanged(now, before)) as never,
        verbs: ["patch"],
      })
      .watches(Namespace, () => [...shared.namespaced].map((name) => ({ name })), {
        predicate: (now, before) => now !== undefined && before !== undefined && labelsChanged(now as never, before as never),
      })
      // Kruise's manager, which has all sets or none.
      .watches(MutatingWebhookConfiguration, () => [...shared.names].map((name) => ({ name })), { select: KRUISE_SELECTION })
      // A canary that comes or goes changes what its base set misses, and any set what clashes with its neighbours.
      .watches(SidecarSets, (set, before) =>
        shared.concernedBy(set as unknown as SidecarSet, before as unknown as SidecarSet | undefined).map((name) => ({ name })),
      )
      // SidecarSets are defined without `defineResource`, so the right to write their status is not inferred.
      .permissions(
        { apiGroups: ["apps.kruise.io"], resources: ["sidecarsets/status"], verbs: ["patch"] },
        { apiGroups: [""], resources: ["pods/status"], verbs: ["patch"] },
        { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
      )
      .reconcile(
        (set, ctx): Promise<Result> => new Rollout(set as unknown as SidecarSet, ctx as unknown as RolloutContext, shared).run(),
      ) as unknown as Controller<Resource>
  );
}
