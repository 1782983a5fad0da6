import { readFileSync } from "node:fs";
import { builtInDefinition } from "@outrigger/kit/kinds";
import type { ColumnRow, KindRow } from "./row.ts";

/** A group as discovery lists it. */
export interface GroupRow {
  /** "" is the core group. */
  readonly name: string;
  readonly versions: readonly string[];
  readonly preferred: string;
}

export interface KindTable {
  /** Every kind in every version, in the order of discovery. */
  readonly rows: readonly KindRow[];
  readonly groups: readonly GroupRow[];
  byResource(group: string, version: string, plural: string): KindRow | undefined;
  byKind(group: string, version: string, kind: string): KindRow | undefined;
}

interface Data {
  readonly groups: readonly GroupRow[];
  readonly rows: readonly (Omit<KindRow, "schema" | "columns" | "listKind" | "stored"> & {
    readonly definition: string;
    readonly columns?: readonly ColumnRow[];
  })[];
}

const AGE: readonly ColumnRow[] = [
  { name: "Name", type: "string", format: "name", priority: 0 },
  { name: "Age", type: "string", format: "", priority: 0 },
];

let table: KindTable | undefined;
/** The table of Kubernetes' own kinds; read from its data file at the first call. */
export function kinds(): KindTable {
  table ??= load();
  return table;
}

function load(): KindTable {
  const data = JSON.parse(readFileSync(new URL("../../data/kinds.json", import.meta.url), "utf8")) as Data;
  const rows = data.rows.map((row): KindRow => {
    const { definition, ...facts } = row;
    return {
      ...facts,
      listKind: `${row.kind}List`,
      columns: row.columns ?? AGE,
      stored: row.verbs.includes("get"),
      get schema() {
        return builtInDefinition(definition)!;
      },
    };
  });
  const resources = new Map(rows.map((row) => [`${row.group}/${row.version}/${row.plural}`, row]));
  const byKind = new Map(rows.map((row) => [`${row.group}/${row.version}/${row.kind}`, row]));
  return {
    rows,
    groups: data.groups,
    byResource: (group, version, plural) => resources.get(`${group}/${version}/${plural}`),
    byKind: (group, version, kind) => byKind.get(`${group}/${version}/${kind}`),
  };
}
