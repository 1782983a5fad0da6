import type { Resource } from "@outrigger/kit/api";
import type { InformerOptions } from "@outrigger/kit/cache";
import { ConfigMap, Reading, Secret } from "./kinds.ts";

/** How a handler behaves. */
export type Manner = "quick" | "looks" | "slow" | "throws" | "late";
export interface InformerPlan {
  readonly name: string;
  readonly resource: Resource;
  readonly options: InformerOptions;
  /** Which set of informers: of WatchList, of LIST and watch, or with a buffer so small that reading waits for the slow handler. */
  readonly set: "watchlist" | "list" | "small";
  readonly handlers: readonly Manner[];
}

/** Every informer of the soak; both processes count its handlers in this order. */
export const plans: readonly InformerPlan[] = [
  { name: "config maps", resource: ConfigMap, options: {}, set: "watchlist", handlers: ["quick", "looks", "slow", "throws", "late"] },
  { name: "config maps, metadata only", resource: ConfigMap, options: { metadataOnly: true }, set: "watchlist", handlers: ["quick"] },
  { name: "red config maps", resource: ConfigMap, options: { labelSelector: "color=red" }, set: "watchlist", handlers: ["quick", "slow"] },
  { name: "config maps of soak-b", resource: ConfigMap, options: { namespace: "soak-b" }, set: "list", handlers: ["quick"] },
  { name: "secrets", resource: Secret, options: {}, set: "list", handlers: ["quick", "slow", "late"] },
  {
    name: "opaque secrets that are not blue, metadata only",
    resource: Secret,
    options: { fieldSelector: "type=Opaque", labelSelector: "color!=blue", metadataOnly: true },
    set: "watchlist",
    handlers: ["quick"],
  },
  { name: "readings", resource: Reading, options: {}, set: "watchlist", handlers: ["quick", "late"] },
  { name: "readings, small buffer", resource: Reading, options: {}, set: "small", handlers: ["slow", "quick"] },
];

/** Handlers by number, as records name them. */
export const handlers: readonly { readonly plan: InformerPlan; readonly manner: Manner }[] = plans.flatMap((plan) =>
  plan.handlers.map((manner) => ({ plan, manner })),
);

/** Whether an object of this color and namespace is one of the informer's. */
export function covers({ options }: InformerPlan, namespace: string, color: string): boolean {
  if (options.namespace && options.namespace !== namespace) return false;
  if (options.labelSelector === "color=red") return color === "red";
  if (options.labelSelector === "color!=blue") return color !== "blue";
  return true;
}
