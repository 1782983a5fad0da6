import { isDeepStrictEqual } from "node:util";
import { type Controller, controller } from "@outrigger/kit/controller";
import { compilePodDefaults } from "./apply.ts";
import type { PodDefaults } from "./pod-defaults.ts";
import { PodDefaultsKind, type PodDefaultsStatus } from "./resource.ts";
import { podDefaultsProblems } from "./validate.ts";
import type { ValueSources } from "./values.ts";

/**
 * The status that PodDefaults should have: `Ready` says whether every source is set that does not depend on a pod.
 *
 * @param now RFC 3339; the time of the condition where it changes
 */
export function podDefaultsStatus(defaults: PodDefaults, sources: ValueSources, now: string): PodDefaultsStatus {
  const invalid = podDefaultsProblems(defaults).map(({ field, message }) => `${field}: ${message}`);
  const problems = invalid.length > 0 ? invalid : compilePodDefaults(defaults, sources).problems;
  const status = problems.length === 0 ? "True" : "False";
  const before = (defaults["status"] as PodDefaultsStatus | undefined)?.conditions?.find(({ type }) => type === "Ready");
  const generation = defaults.metadata.generation === undefined ? {} : { observedGeneration: defaults.metadata.generation };
  const condition = {
    type: "Ready",
    status,
    reason: invalid.length > 0 ? INVALID : problems.length === 0 ? "SourcesSet" : "SourceUnset",
    message:
      problems.length === 0 ? "every source is set" : shortened(`${invalid.length > 0 ? "not in force: " : ""}${problems.join("; ")}`),
    ...generation,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
  };
  return { ...generation, conditions: [condition] };
}

/** The condition's reason, and the Event's, of PodDefaults that no pod gets. */
const INVALID = "Invalid";
const MAX_MESSAGE = 1024;

function shortened(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`;
}

/** Keeps the status of all PodDefaults. */
export function podDefaultsController(sources: ValueSources): Controller {
  return controller(PodDefaultsKind, { name: "poddefaults-status" }).reconcile(async (defaults, ctx) => {
    const next = podDefaultsStatus(defaults as unknown as PodDefaults, sources, `${new Date().toISOString().slice(0, 19)}Z`);
    const [condition] = next.conditions ?? [];
    if (isDeepStrictEqual(next, defaults.status)) return;
    if (condition?.reason === INVALID) ctx.event(INVALID, condition.message, { type: "Warning" });
    await ctx.status(next);
  }) as Controller;
}
