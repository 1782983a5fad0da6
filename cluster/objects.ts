import type { Kubectl } from "../e2e/kubectl.ts";

/** What comes and goes by itself in every cluster. */
const PASSING = /^(events|events\.events\.k8s\.io|endpoints|endpointslices\.discovery\.k8s\.io|ipaddresses\.networking\.k8s\.io)\//;

/** Every object of the cluster, `resource/namespace/name`. */
export async function everyObject(kubectl: Kubectl): Promise<Set<string>> {
  const resources = (await kubectl("api-resources", "--verbs=list", "-o", "name")).trim().split("\n");
  const format = '-o=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}{"\\n"}{end}';
  const lists = await Promise.all(
    resources.map(async (resource) =>
      (await kubectl("get", resource, "-A", format))
        .split("\n")
        .filter(Boolean)
        .map((name) => `${resource}/${name}`),
    ),
  );
  return new Set(lists.flat().filter((name) => !PASSING.test(name)));
}
