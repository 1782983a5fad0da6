// node scripts/kinds/build.ts RECORDINGS GO-MODULES: derives packages/machinery/data/kinds.json, the table of
// Kubernetes' own kinds, and packages/kit/data/definitions.json, their definitions.
// RECORDINGS holds what a real API server published (openapi/, discovery/, http/01-kinds.json); GO-MODULES is a Go
// module cache with k8s.io/api of the same release, from which the order of fields and which are pointers are read.
// Facts only: no prose is taken.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { goFacts } from "./go-facts.ts";

type Json = Record<string, unknown>;
const [recordings = "", modules = ""] = process.argv.slice(2);
const read = <T>(...path: string[]): T => JSON.parse(readFileSync(join(recordings, ...path), "utf8")) as T;

interface DiscoveredKind {
  name: string;
  singularName: string;
  namespaced: boolean;
  kind: string;
  group?: string;
  version?: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  storageVersionHash?: string;
}

/** Fields that field selectors may name, beside metadata.name and metadata.namespace (from each kind's strategy in Kubernetes). */
const SELECTABLE: Record<string, string[]> = {
  "/pods": [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
  ],
  "/events": [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  "/namespaces": ["status.phase"],
  "/nodes": ["spec.unschedulable"],
  "/secrets": ["type"],
  "/services": ["spec.clusterIP", "spec.type"],
  "/replicationcontrollers": ["status.replicas"],
  "apps/replicasets": ["status.replicas"],
  "batch/jobs": ["status.successful"],
  "certificates.k8s.io/certificatesigningrequests": ["spec.signerName"],
  "resource.k8s.io/resourceslices": ["spec.nodeName", "spec.driver"],
};
SELECTABLE["events.k8s.io/events"] = [
  ...SELECTABLE["/events"]!.map((field) => field.replace("involvedObject", "regarding")),
  ...SELECTABLE["/events"]!,
];

/** Columns of kinds that the recordings make no object of. */
const named = (...names: string[]): Json[] =>
  names.map((name) => ({ name, type: "string", format: name === "Name" ? "name" : "", priority: 0 }));
const UNRECORDED_COLUMNS: Record<string, Json[]> = {
  ComponentStatus: named("Name", "Status", "Message", "Error"),
  ResourceClaim: named("Name", "State", "Age"),
  ResourceClaimTemplate: named("Name", "Age"),
  ResourceSlice: named("Name", "Node", "Driver", "Pool", "Age"),
};

// Discovery: groups in their order, and a row for each resource with its subresources.
const groupList = read<{ groups: { name: string; versions: { version: string }[]; preferredVersion: { version: string } }[] }>(
  "discovery",
  "apis.json",
);
const groups = [
  { name: "", versions: ["v1"], preferred: "v1" },
  ...groupList.groups.map(({ name, versions, preferredVersion }) => ({
    name,
    versions: versions.map((one) => one.version),
    preferred: preferredVersion.version,
  })),
];

// What the recordings show: columns of tables, and which kinds count generations.
interface Recorded {
  name: string;
  steps: {
    request: { method: string };
    response?: { body?: { kind?: string; apiVersion?: string; metadata?: { generation?: number }; columnDefinitions?: Json[] } };
  }[];
}
const columns = new Map<string, Json[]>();
const counted = new Set<string>();
for (const scenario of read<Recorded[]>("http", "01-kinds.json")) {
  const [kind = "", version = ""] = scenario.name.split(/\.(.*)/s);
  for (const { response } of scenario.steps) {
    const body = response?.body;
    if (body?.columnDefinitions)
      columns.set(
        `${version}/${kind}`,
        body.columnDefinitions.map(({ name, type, format, priority }) => ({ name, type, format, priority })),
      );
    if (body?.kind === kind && body.metadata?.generation !== undefined) counted.add(`${version}/${kind}`);
  }
}

const definitions: Record<string, Json> = {};
for (const file of readdirSync(join(recordings, "openapi")))
  Object.assign(definitions, read<{ components: { schemas: Record<string, Json> } }>("openapi", file).components.schemas);

const definitionOf = new Map<string, string>();
for (const [name, definition] of Object.entries(definitions)) {
  const kinds = definition["x-kubernetes-group-version-kind"] as { group: string; version: string; kind: string }[] | undefined;
  if (kinds?.length === 1) definitionOf.set(`${kinds[0]!.group}/${kinds[0]!.version}/${kinds[0]!.kind}`, name);
}

const rows = groups.flatMap(({ name: group, versions }) =>
  versions.flatMap((version) => {
    const { resources } = read<{ resources: DiscoveredKind[] }>(
      "discovery",
      group === "" ? "api_v1.json" : `apis_${group}_${version}.json`,
    );
    return resources
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, singularName, namespaced, kind, verbs, shortNames = [], categories = [], storageVersionHash = "" }) => {
        const gv = group === "" ? version : `${group}/${version}`;
        const subresources = Object.fromEntries(
          resources
            .filter((one) => one.name.startsWith(`${name}/`))
            .map((one) => [
              one.name.slice(name.length + 1),
              { kind: one.kind, ...(one.group ? { group: one.group, version: one.version } : {}), verbs: one.verbs },
            ]),
        );
        const definition = definitionOf.get(`${group}/${version}/${kind}`);
        if (!definition) throw new Error(`no definition for ${gv} ${kind}`);
        const hasStatus = (definitions[definition]!["properties"] as Json)["status"] !== undefined;
        return {
          group,
          version,
          kind,
          plural: name,
          singular: singularName,
          shortNames,
          categories,
          scope: namespaced ? "Namespaced" : "Cluster",
          verbs,
          subresources,
          storageVersionHash,
          selectableFields: SELECTABLE[`${group}/${name}`] ?? [],
          columns: columns.get(`${gv}/${kind}`) ?? UNRECORDED_COLUMNS[kind],
          generation: counted.has(`${gv}/${kind}`),
          resetFields: hasStatus && "status" in subresources ? ["status"] : [],
          definition,
        };
      });
  }),
);

// Definitions: references by name, and Go's facts beside each.
const facts = goFacts(modules);
const compact = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(compact);
  if (value === null || typeof value !== "object") return value;
  const { allOf, $ref, ...rest } = value as Json & { allOf?: Json[]; $ref?: unknown };
  const only = allOf?.length === 1 ? allOf[0]!["$ref"] : undefined;
  const reference = $ref ?? only;
  const own = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, compact(inner)]));
  if (typeof reference === "string") return { $ref: reference.replace("#/components/schemas/", ""), ...own };
  // Among properties these may be names of fields: schemas are objects too.
  return { ...own, ...($ref === undefined ? {} : { $ref: compact($ref) }), ...(allOf ? { allOf: compact(allOf) } : {}) };
};
const kept = Object.fromEntries(
  Object.entries(definitions).map(([name, definition]) => {
    const go = facts.get(name);
    const properties = (definition["properties"] ?? {}) as Record<string, Json>;
    const omitted = go?.omitted.filter((field) => properties[field]?.["default"] === "" || properties[field]?.["default"] === 0) ?? [];
    return [
      name,
      {
        ...(compact(definition) as Json),
        ...(go
          ? {
              order: go.order,
              ...(go.pointers.length > 0 ? { pointers: go.pointers } : {}),
              ...(go.nullable.length > 0 ? { nullables: go.nullable } : {}),
              ...(omitted.length > 0 ? { omitted } : {}),
            }
          : {}),
      },
    ];
  }),
);
const missing = rows.filter(({ definition }) => !facts.has(definition)).map(({ definition }) => definition);
if (missing.length > 0) console.warn(`no Go facts for ${missing.join(", ")}`);
writeFileSync(new URL("../../packages/machinery/data/kinds.json", import.meta.url), JSON.stringify({ groups, rows }));
writeFileSync(new URL("../../packages/kit/data/definitions.json", import.meta.url), JSON.stringify(kept));
console.log(`${rows.length} rows, ${Object.keys(kept).length} definitions`);
