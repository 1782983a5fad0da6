import type { ServedResource } from "../../registry/index.ts";
import { groupsOf } from "./groups.ts";

/** `/api` and `/apis` in one document each: `apidiscovery.k8s.io/v2 APIGroupDiscoveryList`. */
export function aggregatedDiscovery(served: readonly ServedResource[], root: "api" | "apis"): object {
  const groups = groupsOf(served).filter(({ name }) => (name === "") === (root === "api"));
  const items = groups.map(({ name, versions }) => ({
    metadata: name === "" ? {} : { name },
    versions: versions.map((version) => ({
      version,
      resources: served
        .filter((one) => one.group === name && one.version === version)
        .sort((a, b) => (a.plural < b.plural ? -1 : 1))
        .map(resourceBody),
      freshness: "Current",
    })),
  }));
  return { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
}

function resourceBody(resource: ServedResource): object {
  const { plural, singular, scope, kind, verbs, shortNames, categories, subresources, group, version, custom } = resource;
  // A real server leaves the group and version of its own kinds out of these documents.
  const own = custom ? { group, version } : { group: "", version: "" };
  const below = Object.entries(subresources).map(([subresource, sub]) => ({
    subresource,
    responseKind: {
      ...(sub.group !== undefined && sub.group !== group ? { group: sub.group, version: sub.version ?? "" } : own),
      kind: sub.kind,
    },
    verbs: sub.verbs,
  }));
  return {
    resource: plural,
    responseKind: { ...own, kind },
    scope,
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(below.length > 0 ? { subresources: below } : {}),
  };
}
