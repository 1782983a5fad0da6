// Sentences about Kubernetes' kinds and their fields, which `kubectl explain` shows. They are our own: of what a real API
// server publishes, the project takes facts, not prose. Their defaults, limits and feature gates are those of Kubernetes 1.36.
import { readdirSync, readFileSync } from "node:fs";

/** What `data/descriptions/*.json` say of a schema, by its published name. */
export interface DescriptionRow {
  readonly description: string;
  /** Sentences about fields, by name. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Name of a schema whose sentences hold for fields of the same name that have none here. */
  readonly like?: string;
}

type Rows = Readonly<Record<string, DescriptionRow>>;

/** What a schema describes: an object that can be stored, a list of such objects, or a part of one. */
export type SchemaRole = "object" | "list" | "part";

/** Rows whose sentences hold for all schemas of a role. */
const SHARED: Readonly<Record<SchemaRole, string | undefined>> = { object: "*", list: "*List", part: undefined };

let rows: Rows | undefined;

/** All rows; read from the data files at the first call, which is a client's first request for `/openapi`. */
export function descriptionRows(): Rows {
  if (!rows) {
    const folder = new URL("../../data/descriptions/", import.meta.url);
    const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
    rows = Object.assign({}, ...files.map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Rows)) as Rows;
  }
  return rows;
}

/** The sentence about a schema; undefined when there is none. */
export function describeSchema(name: string): string | undefined {
  return rowOf(name)?.description;
}

/** The sentence about a list of objects of a kind. */
export function describeList(kind: string): string {
  return `A list of objects of the kind ${kind}.`;
}

/** The sentence about a field of a schema; undefined when there is none. */
export function describeField(name: string, field: string, role: SchemaRole): string | undefined {
  const row = rowOf(name);
  for (const one of [row, rowOf(row?.like), rowOf(SHARED[role])])
    if (one?.fields && Object.hasOwn(one.fields, field)) return one.fields[field];
  return undefined;
}

function rowOf(name: string | undefined): DescriptionRow | undefined {
  const all = descriptionRows();
  return name !== undefined && Object.hasOwn(all, name) ? all[name] : undefined;
}
