import type { PolicyRule } from "@outrigger/kit/controller";
import type { Node } from "./template.ts";

/** The `rules` of a Role or ClusterRole. */
export function ruleNodes(rules: readonly PolicyRule[]): readonly Node[] {
  return rules.map(({ apiGroups, resources, resourceNames, verbs }) => ({
    apiGroups,
    resources,
    ...(resourceNames && resourceNames.length > 0 ? { resourceNames } : {}),
    verbs,
  }));
}
