// The CustomResourceDefinitions, as the manager itself applies them, without the authority that it adds.
import type { KubeObject } from "@outrigger/kit/api";
import { both, contains, type Node, truthy, when } from "../manifest-tree/index.ts";
import { allDefinitions, definitions, definitionsOf, optionalFeatures } from "./declarations.ts";
import { LABELS, type Manifest, namespace } from "./manifest.ts";

const install = truthy("crds.install");

export function definitionManifests(): Manifest[] {
  return [
    ...definitions.map((definition) => manifest(definition, when(install, node(definition)))),
    ...optionalFeatures.flatMap((feature) =>
      definitionsOf([feature]).map((definition) =>
        manifest(definition, when(both(install, contains("features", feature.name)), node(definition))),
      ),
    ),
  ];
}

/** Group and plurals of our kinds, for the rights of users. */
export function ownKinds(): readonly { readonly group: string; readonly plural: string; readonly namespaced: boolean }[] {
  return allDefinitions.map((definition) => {
    const { group, names, scope } = definition["spec"] as { group: string; names: { plural: string }; scope: string };
    return { group, plural: names.plural, namespaced: scope === "Namespaced" };
  });
}

function manifest({ metadata }: KubeObject, tree: Node): Manifest {
  return { part: "crd", file: `${metadata.name}`, node: tree };
}

function node(definition: KubeObject): Node {
  const { apiVersion, kind, metadata, spec } = JSON.parse(JSON.stringify(definition)) as {
    apiVersion: string;
    kind: string;
    metadata: { name: string };
    spec: { conversion?: { webhook?: { clientConfig: { service: { namespace: Node } } } } } & Record<string, Node>;
  };
  const config = spec.conversion?.webhook?.clientConfig;
  if (config) config.service.namespace = namespace;
  return {
    apiVersion,
    kind,
    metadata: {
      name: metadata.name,
      labels: { ...LABELS },
      annotations: when(truthy("crds.keep"), { "helm.sh/resource-policy": "keep" }),
    },
    spec: spec as unknown as Node,
  };
}
