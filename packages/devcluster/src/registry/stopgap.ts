// Stands in for parts of the kit that are being written.
import type { KubeObject } from "@outrigger/kit/api";
import * as kindsModule from "@outrigger/kit/kinds";
import type { KindRow } from "@outrigger/kit/kinds";

const own = kindsModule as unknown as { cells?: (row: KindRow, object: KubeObject, now: Date) => unknown[] };
export const cells = (row: KindRow, object: KubeObject, now: Date): unknown[] =>
  own.cells ? own.cells(row, object, now) : row.columns.map((column) => (column.name === "Name" ? (object.metadata.name ?? "") : "<unknown>"));

