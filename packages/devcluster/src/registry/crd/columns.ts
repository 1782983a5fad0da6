import type { KubeObject } from "@outrigger/kit/api";
import type { ColumnRow } from "@outrigger/kit/kinds";
import type { DefinitionVersion } from "./definition.ts";
import { jsonPath } from "./json-path.ts";

export interface Columns {
  readonly columns: readonly ColumnRow[];
  cells(object: KubeObject, now: Date): unknown[];
}

const nameColumn: ColumnRow = { name: "Name", type: "string", format: "name", priority: 0 };
const age = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" } as const;

/** Printer columns of a version; without any, the age (k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor). */
export function columnsOf({ additionalPrinterColumns }: DefinitionVersion): Columns {
  const given: NonNullable<DefinitionVersion["additionalPrinterColumns"]> = additionalPrinterColumns?.length ? additionalPrinterColumns : [age];
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
  return Number.isNaN(time) ? "<invalid>" : duration(now.getTime() - time);
}

function printed(value: unknown): string {
  return typeof value === "string" ? value : value === null ? "<nil>" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A time that passed, as `kubectl get` shows it (k8s.io/apimachinery/pkg/util/duration.HumanDuration). */
export function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  if (years < 8) return days % 365 === 0 ? `${years}y` : `${years}y${days % 365}d`;
  return `${years}y`;
}
