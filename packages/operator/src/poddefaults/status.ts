import { isDeepStrictEqual } from "node:util";
import { type Controller, controller } from "@outrigger/kit/controller";
import { compilePodDefaults } from "./apply.ts";
import type { PodDefaults } from "./pod-defaults.ts";
import { PodDefaultsKind, type PodDefaultsStatus } from "./resource.ts";
import type { ValueSources } from "./values.ts";

/**
 * The status that PodDefaults should have: `Ready` says whether every source is set that does not depend on a pod.
 *
 * @param now RFC 3339; the time of the condition where it changes
 */
export function podDefaultsStatus(defaults: PodDefaults, sources: ValueSources, now: string): PodDefaultsStatus {
  const { problems } = compilePodDefaults(defaults, sources);
  const status = problems.length === 0 ? "True" : "False";
  const before = (defaults["status"] as PodDefaultsStatus | undefined)?.conditions?.find(({ type }) => type === "Ready");
  const generation = defaults.metadata.generation === undefined ? {} : { observedGeneration: defaults.metadata.generation };
  const condition = {
    type: "Ready",
    status,
    reason: problems.length === 0 ? "SourcesSet" : "SourceUnset",
    message: problems.length === 0 ? "every source is set" : problems.join("; "),
    ...generation,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
  };
  return { ...generation, conditions: [condition] };
}

/** Keeps the status of all PodDefaults. */
export function podDefaultsController(sources: ValueSources): Controller {
  return controller(PodDefaultsKind, { name: "poddefaults-status" }).reconcile(async (defaults, ctx) => {
    const next = podDefaultsStatus(defaults as unknown as PodDefaults, sources, `${new Date().toISOString().slice(0, 19)}Z`);
    if (!isDeepStrictEqual(next, defaults.status)) await ctx.status(next);
  }) as Controller;
}
