import { type Controller, controller } from "@outrigger/kit/controller";
import { Pod } from "@outrigger/kit/kinds";
import { type SidecarSet, SidecarSets } from "../sidecarset/index.ts";
import { type CountedPod, countPods, injectedBy } from "./status.ts";

/** Keeps each set's counts of pods. */
export const sidecarSetStatus: Controller = controller(SidecarSets, { name: "sidecarset-status" })
  .watches(Pod, (pod, before) => [...new Set([...injectedBy(pod), ...(before ? injectedBy(before) : [])])].map((name) => ({ name })))
  // SidecarSets are defined without `defineResource`, so the right to write their status is not inferred.
  .permissions({ apiGroups: ["apps.kruise.io"], resources: ["sidecarsets/status"], verbs: ["patch"] })
  .reconcile(async (set, ctx) => {
    const pods = ctx.list(Pod) as unknown as readonly CountedPod[];
    const next = countPods(set as unknown as SidecarSet, pods);
    const now = set.status as Record<string, unknown> | undefined;
    if (Object.entries(next).every(([field, value]) => now?.[field] === value)) return;
    await ctx.status({ ...next } as never);
  }) as Controller;
