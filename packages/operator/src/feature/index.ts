/**
 * A capability of the manager is one object: its definitions, controllers, webhooks, caches and rights. The manager walks one
 * list of these objects (`manager/features.ts`) for everything: it installs, starts, registers, renews and takes away.
 *
 * Guarantees
 * - Everything that needs a right is declared without a cluster, so that `featureRules` and a generated chart are complete.
 * - An optional feature that is off leaves nothing in force: the manager takes its webhook configurations away at the start.
 *
 * Caveats
 * - Definitions and objects of a feature that is off stay, since deleting a definition deletes what people wrote.
 */
export { chooseFeatures, UnknownFeatureError } from "./choose.ts";

export type { Feature, FeatureContext, FeatureRead, Observed, RunningFeature } from "./feature.ts";
export { configurationRights, featureRules, namespacedRules } from "./rights.ts";
export { conditions, labelSelectorFields } from "./schemas.ts";
export { selectorProblem } from "./selector-problem.ts";
