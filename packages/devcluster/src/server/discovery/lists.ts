import type { ServedResource } from "../../registry/index.ts";
import { type Group, groupsOf } from "./groups.ts";

/** `/api`. @param address `host:port` */
export function apiVersions(address: string): object {
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }] };
}

/** `/apis` */
export function apiGroupList(served: readonly ServedResource[]): object {
  const groups = groupsOf(served).filter(({ name }) => name !== "");
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(groupBody) };
}

/** `/apis/GROUP` */
export function apiGroup(served: readonly ServedResource[], name: string): object | undefined {
  const group = groupsOf(served).find((one) => one.name === name);
  return group && { kind: "APIGroup", apiVersion: "v1", ...groupBody(group) };
}

function groupBody({ name, versions }: Group): object {
  const shown = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: shown, preferredVersion: shown[0] };
}

/** `/api/v1`, `/apis/GROUP/VERSION`: each resource, its subresources after it. */
export function apiResourceList(served: readonly ServedResource[], group: string, version: string): object {
  const resources = served
    .filter((one) => one.group === group && one.version === version)
    .sort((a, b) => (a.plural < b.plural ? -1 : 1))
    .flatMap(rowsOf);
  const isCore = group === "";
  return {
    kind: "APIResourceList",
    ...(isCore ? {} : { apiVersion: "v1" }),
    groupVersion: isCore ? version : `${group}/${version}`,
    resources,
  };
}

function rowsOf(resource: ServedResource): object[] {
  const { plural, singular, scope, kind, verbs, shortNames, categories, storageVersionHash, subresources } = resource;
  const namespaced = scope === "Namespaced";
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(storageVersionHash ? { storageVersionHash } : {}),
  };
  const below = Object.entries(subresources).map(([name, sub]) => ({
    name: `${plural}/${name}`,
    singularName: "",
    namespaced,
    ...(sub.group !== undefined && (sub.group !== resource.group || sub.version !== resource.version)
      ? { group: sub.group, version: sub.version }
      : {}),
    kind: sub.kind,
    verbs: sub.verbs,
  }));
  return verbs.length > 0 ? [main, ...below] : below;
}
