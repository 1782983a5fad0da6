import type { Namespace } from "../../objects/index.ts";
import { timestamp } from "../writes.ts";
import type { Remaining } from "./content.ts";

type Condition = NonNullable<NonNullable<Namespace["status"]>["conditions"]>[number];

/** How far the deletion of a namespace has come, in Kubernetes' words. */
export function deletionConditions(
  before: readonly Condition[] | undefined,
  { objects, finalizers, failures }: Remaining,
): readonly Condition[] {
  const now = timestamp();
  const condition = (type: string, bad: boolean, reason: string, message: string): Condition => {
    const status = bad ? "True" : "False";
    const old = before?.find((one) => one.type === type);
    return { type, status, reason, message, lastTransitionTime: old?.status === status ? (old.lastTransitionTime ?? now) : now };
  };
  const remaining = [...objects].sort().map(([name, count]) => `${name} has ${count} resource instances`);
  const holding = [...finalizers].sort().map(([name, count]) => `${name} in ${count} resource instances`);
  return [
    condition("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered"),
    condition("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    failures.length > 0
      ? condition(
          "NamespaceDeletionContentFailure",
          true,
          "ContentDeletionFailed",
          `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(", ")}`,
        )
      : condition(
          "NamespaceDeletionContentFailure",
          false,
          "ContentDeleted",
          "All content successfully deleted, may be waiting on finalization",
        ),
    remaining.length > 0
      ? condition("NamespaceContentRemaining", true, "SomeResourcesRemain", `Some resources are remaining: ${remaining.join(", ")}`)
      : condition("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed"),
    holding.length > 0
      ? condition(
          "NamespaceFinalizersRemaining",
          true,
          "SomeFinalizersRemain",
          `Some content in the namespace has finalizers remaining: ${holding.join(", ")}`,
        )
      : condition("NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
  ];
}
