import type { DiscoveredResource } from "./contract.ts";
import { NotFoundError, ServiceUnavailableError } from "./errors.ts";

type Fetch = (path: string, accept: string) => Promise<unknown>;

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

interface Aggregated {
  kind: "APIGroupDiscoveryList";
  items: {
    metadata?: { name?: string };
    versions: { version: string; resources?: { resource: string; responseKind?: { kind?: string }; scope: string; verbs: string[] }[] }[];
  }[];
}
interface PlainGroups {
  groups: { name: string; versions: { groupVersion: string; version: string }[]; preferredVersion?: { version: string } }[];
}
interface PlainResources {
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
}

/** Every resource (no subresources), in the server's order: one request for each of `/api` and `/apis` where discovery is aggregated (1.26), else one for each group version. */
export async function discover(fetch: Fetch): Promise<readonly DiscoveredResource[]> {
  const [core, groups] = await Promise.all([fetch("/api", AGGREGATED), fetch("/apis", AGGREGATED)]);
  return [
    ...(isAggregated(core) ? fromAggregated(core) : await plainVersion(fetch, "/api/v1", "", "v1", true)),
    ...(isAggregated(groups) ? fromAggregated(groups) : await plainGroups(fetch, groups as PlainGroups)),
  ];
}

function isAggregated(body: unknown): body is Aggregated {
  return (body as Aggregated).kind === "APIGroupDiscoveryList";
}

function fromAggregated({ items }: Aggregated): DiscoveredResource[] {
  return items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources = [] }, index) =>
      resources.map(({ resource, responseKind, scope, verbs }) => ({
        group: metadata?.name ?? "",
        version,
        resource,
        kind: responseKind?.kind ?? "",
        namespaced: scope === "Namespaced",
        verbs,
        preferred: index === 0,
      })),
    ),
  );
}

async function plainGroups(fetch: Fetch, { groups }: PlainGroups): Promise<DiscoveredResource[]> {
  const lists = await Promise.all(
    groups.flatMap(({ name, versions, preferredVersion }) =>
      versions.map(({ groupVersion, version }) =>
        plainVersion(fetch, `/apis/${groupVersion}`, name, version, version === (preferredVersion ?? versions[0])?.version),
      ),
    ),
  );
  return lists.flat();
}

async function plainVersion(fetch: Fetch, path: string, group: string, version: string, preferred: boolean): Promise<DiscoveredResource[]> {
  try {
    const { resources } = (await fetch(path, "application/json")) as PlainResources;
    return resources
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, kind, namespaced, verbs }) => ({ group, version, resource: name, kind, namespaced, verbs, preferred }));
  } catch (error) {
    // An aggregated API whose server is away, or a group that went meanwhile, does not hide the others.
    if (error instanceof NotFoundError || error instanceof ServiceUnavailableError) return [];
    throw error;
  }
}
