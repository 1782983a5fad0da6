import { createHash } from "node:crypto";
import { type CustomResourceDefinition, type DefinitionVersion, definitionCondition } from "@outrigger/machinery/kinds";
import type { ServedResource } from "../registry/index.ts";
import { compareVersions } from "../registry/index.ts";
import { columnsOf } from "./columns.ts";
import { type Convert, customStrategy } from "./strategy.ts";

const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const subresourceVerbs = ["get", "patch", "update"];

/** The resources that an established definition adds: one for each version that it serves. */
export function crdServed(definition: CustomResourceDefinition, convert: Convert): ServedResource[] {
  const { group, scope, versions } = definition.spec;
  const names = definition.status?.acceptedNames ?? definition.spec.names;
  const { plural, kind, singular = kind.toLowerCase(), listKind = `${kind}List`, shortNames = [], categories = [] } = names;
  const storageVersion = versions.find(({ storage }) => storage)?.name ?? versions[0]!.name;
  const terminating = definitionCondition(definition, "Terminating")?.status === "True";
  return versions
    .filter(({ served }) => served)
    .map((version) => ({
      group,
      version: version.name,
      kind,
      plural,
      singular,
      listKind,
      shortNames,
      categories,
      scope,
      verbs: terminating ? verbs.filter((verb) => verb !== "create") : verbs,
      subresources: subresourcesOf(version, group, kind),
      storageVersionHash: storageHash(group, storageVersion, kind),
      selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.replace(/^\./, "")),
      stored: true,
      storageVersion,
      custom: true,
      schema: version.schema?.openAPIV3Schema ?? { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      ...columnsOf(version),
      strategy: customStrategy(definition, version, convert),
      ...(version.deprecated ? { deprecation: version.deprecationWarning ?? deprecation(definition, version, kind) } : {}),
    }));
}

function deprecation({ spec: { group, versions } }: CustomResourceDefinition, version: DefinitionVersion, kind: string): string {
  const text = `${group}/${version.name} ${kind} is deprecated`;
  const [better] = versions
    .filter(({ served, deprecated, name }) => served && !deprecated && compareVersions(name, version.name) < 0)
    .sort((a, b) => compareVersions(a.name, b.name));
  return better ? `${text}; use ${group}/${better.name} ${kind}` : text;
}

function subresourcesOf({ subresources, name }: DefinitionVersion, group: string, kind: string): ServedResource["subresources"] {
  const found: Record<string, ServedResource["subresources"][string]> = {};
  if (subresources?.status) found["status"] = { kind, group, version: name, verbs: subresourceVerbs };
  if (subresources?.scale) {
    const own = { kind: "Scale", group: "autoscaling", version: "v1", verbs: subresourceVerbs, ...subresources.scale };
    found["scale"] = own;
  }
  return found;
}

/** `discovery.StorageVersionHash`: the first eight bytes of a hash of the version in the store. */
function storageHash(group: string, version: string, kind: string): string {
  return createHash("sha256").update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString("base64");
}
