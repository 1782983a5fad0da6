import type { ServedResource } from "../../../registry/index.ts";

/** One operation of a path: what is needed to write it in either version of OpenAPI. */
export interface Operation {
  readonly method: "get" | "put" | "post" | "delete" | "patch";
  readonly action: string;
  readonly id: string;
  readonly query: readonly (readonly [name: string, type: string])[];
  /** The schema of the body: an object's name, or one of the two that all share. */
  readonly body?: "object" | "Patch" | "DeleteOptions";
  readonly answer: "object" | "list" | "Status";
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
}

export interface Path {
  readonly path: string;
  readonly parameters: readonly string[];
  readonly operations: readonly Operation[];
}

const write = [
  ["dryRun", "string"],
  ["fieldManager", "string"],
  ["fieldValidation", "string"],
] as const;
const list = [
  ["allowWatchBookmarks", "boolean"],
  ["continue", "string"],
  ["fieldSelector", "string"],
  ["labelSelector", "string"],
  ["limit", "integer"],
  ["resourceVersion", "string"],
  ["resourceVersionMatch", "string"],
  ["sendInitialEvents", "boolean"],
  ["timeoutSeconds", "integer"],
  ["watch", "boolean"],
] as const;
const removal = [
  ["dryRun", "string"],
  ["gracePeriodSeconds", "integer"],
  ["orphanDependents", "boolean"],
  ["propagationPolicy", "string"],
] as const;

/** The paths of a resource with what can be done at each. */
export function pathsOf(resource: ServedResource): Path[] {
  const { group, version, plural, scope, verbs, subresources } = resource;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const inside = scope === "Namespaced" ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const namespace = scope === "Namespaced" ? ["namespace"] : [];
  const paths: Path[] = [];
  const collection = operations(resource, verbs, false, "");
  if (collection.length > 0) paths.push({ path: inside, parameters: namespace, operations: collection });
  const single = operations(resource, verbs, true, "");
  if (single.length > 0) paths.push({ path: `${inside}/{name}`, parameters: ["name", ...namespace], operations: single });
  for (const [name, sub] of Object.entries(subresources)) {
    const own = operations(resource, sub.verbs, true, name);
    if (own.length > 0) paths.push({ path: `${inside}/{name}/${name}`, parameters: ["name", ...namespace], operations: own });
  }
  if (scope === "Namespaced" && verbs.includes("list")) {
    const all = operations(resource, ["list"], false, "").map((one) => ({ ...one, id: `${one.id}ForAllNamespaces` }));
    paths.push({ path: `${root}/${plural}`, parameters: [], operations: all });
  }
  return paths;
}

function operations(resource: ServedResource, verbs: readonly string[], single: boolean, subresource: string): Operation[] {
  const { group, version, kind } = resource;
  const sub = resource.subresources[subresource];
  const gvk = { group: sub?.group ?? group, version: sub?.version ?? version, kind: sub?.kind ?? kind };
  const id = (verb: string): string => {
    const name = (group === "" ? "core" : group.split(".")[0]!) + version;
    const scope = resource.scope === "Namespaced" ? "Namespaced" : "";
    return `${verb}${name[0]!.toUpperCase()}${name.slice(1)}${scope}${kind}${subresource === "" ? "" : subresource[0]!.toUpperCase() + subresource.slice(1)}`;
  };
  const of = (verb: string, operation: Omit<Operation, "id" | "kind">): Operation[] =>
    verbs.includes(verb) ? [{ ...operation, id: id(operation.action), kind: gvk }] : [];
  if (!single) {
    return [
      ...of("list", { method: "get", action: "list", query: list, answer: "list" }),
      ...of("create", { method: "post", action: "post", query: write, body: "object", answer: "object" }),
      ...of("deletecollection", {
        method: "delete",
        action: "deletecollection",
        query: [...removal, ...list.slice(1, 8)],
        body: "DeleteOptions",
        answer: "Status",
      }),
    ];
  }
  return [
    ...of("get", { method: "get", action: "get", query: [], answer: "object" }),
    ...of("update", { method: "put", action: "put", query: write, body: "object", answer: "object" }),
    ...(subresource === "" ? [] : of("create", { method: "post", action: "post", query: write, body: "object", answer: "object" })),
    ...of("delete", { method: "delete", action: "delete", query: removal, body: "DeleteOptions", answer: "Status" }),
    ...of("patch", { method: "patch", action: "patch", query: [...write, ["force", "boolean"]], body: "Patch", answer: "object" }),
  ];
}

/** Media types of patches that the resource takes. */
export function patchMediaTypes(resource: ServedResource): string[] {
  const types = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
  return resource.custom ? types : [...types, "application/strategic-merge-patch+json"];
}
