import type { KubeObject } from "@outrigger/kit/api";
import type { DefinitionVersion } from "@outrigger/machinery/kinds";
import { type ColumnRow, humanDuration } from "@outrigger/machinery/kinds";
import { jsonPath } from "./json-path.ts";

export interface Columns {
  readonly columns: readonly ColumnRow[];
  cells(object: KubeObject, now: Date): unknown[];
}

const nameColumn: ColumnRow = { name: "Name", type: "string", format: "name", priority: 0 };
const age = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" } as const;

/** Printer columns of a version; without any, the age (k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor). */
export function columnsOf({ additionalPrinterColumns }: DefinitionVersion): Columns {
  const given: NonNullable<DefinitionVersion["additionalPrinterColumns"]> = additionalPrinterColumns?.length
    ? additionalPrinterColumns
    : [age];
  const finders = given.map((column) => ({ type: column.type, find: jsonPath(column.jsonPath) }));
  return {
    columns: [nameColumn, ...given.map(({ name, type, format = "", priority = 0 }) => ({ name, type, format, priority }))],
    cells: (object, now) => [object.metadata.name ?? "", ...finders.map(({ type, find }) => cell(type, find?.(object)[0], now))],
  };
}

function cell(type: string, value: unknown, now: Date): unknown {
  if (value === undefined) return null;
  if (type === "string") return printed(value);
  if (type === "integer") return typeof value === "number" ? Math.trunc(value) : null;
  if (type === "number") return typeof value === "number" ? value : null;
  if (type === "boolean") return typeof value === "boolean" ? value : null;
  if (type !== "date" || typeof value !== "string") return null;
  const time = Date.parse(value);
  return Number.isNaN(time) ? "<invalid>" : humanDuration(now.getTime() - time);
}

function printed(value: unknown): string {
  return typeof value === "string" ? value : value === null ? "<nil>" : typeof value === "object" ? JSON.stringify(value) : String(value);
}
