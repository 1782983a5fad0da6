import { readFileSync } from "node:fs";
import type { KubeObject } from "@outrigger/kit/api";
import { describe, expect, test } from "vitest";
import { kinds } from "../table.ts";
import { cells, humanDuration, rowConditions } from "./index.ts";

interface Shown {
  readonly object: KubeObject;
  readonly cells: unknown[];
  readonly conditions?: unknown[];
  /** When the row was asked for; recordings mask it and each age. */
  readonly now?: string;
}

const now = new Date("2026-01-02T00:00:00Z");
const shown = JSON.parse(readFileSync(new URL("../testdata/shown.json", import.meta.url), "utf8"), (_key, value: unknown) =>
  value === "<time>" ? "2026-01-01T23:59:30Z" : value,
) as Shown[];

const odd = JSON.parse(readFileSync(new URL("../testdata/shown-odd.json", import.meta.url), "utf8")) as Shown[];
/** The server asked its clock a moment earlier: seconds may differ by one. */
const roughly = (cell: unknown): unknown => (typeof cell === "string" ? cell.replace(/\b(\d+[mh])?\d+s\b/g, "<seconds>") : cell);

const row = (object: KubeObject) => {
  const [version, group = ""] = object.apiVersion.split("/").reverse();
  return kinds().byKind(group, version!, object.kind)!;
};
/** Ages, addresses and times are masked in recordings. */
const masked = (cell: unknown): unknown =>
  typeof cell === "string" ? cell.replace(/^(\d+[smhdy])+$/, "<age>").replace(/^10\.0\.0\.\d+$/, "<ip>") : cell;

describe("tables show what a real API server shows", () => {
  test.each(shown.map((one) => [`${one.object.kind} ${one.object.metadata.name} ${one.object.apiVersion}`, one] as const))(
    "%s",
    (_name, { object, cells: want, conditions }) => {
      const got = cells(row(object), object, now);
      expect(got.map(masked)).toEqual(want);
      expect(rowConditions(row(object), object)).toEqual(conditions);
    },
  );

  // Objects with statuses that no controller would write, shown by a real API server.
  test.each(odd.map((one) => [`${one.object.kind} ${one.object.metadata.name} ${one.object.apiVersion}`, one] as const))(
    "%s",
    (_name, { object, cells: want, conditions, now }) => {
      expect(cells(row(object), object, new Date(now!)).map(roughly)).toEqual(want.map(roughly));
      expect(rowConditions(row(object), object)).toEqual(conditions);
    },
  );

  test("each kind that is stored has as many cells as columns, with nothing in the object too", () => {
    for (const kind of kinds().rows.filter(({ stored }) => stored)) {
      const got = cells(kind, { apiVersion: "v1", kind: kind.kind, metadata: {} }, now);
      expect(got.length - (kind.kind === "IPAddress" ? 1 : 0), kind.kind).toBe(kind.columns.length);
    }
  });
});

describe("ages", () => {
  test.each([
    [-2000, "<invalid>"],
    [-1999, "0s"],
    [0, "0s"],
    [119_999, "119s"],
    [120_000, "2m"],
    [143_000, "2m23s"],
    [600_000, "10m"],
    [179 * 60_000, "179m"],
    [180 * 60_000, "3h"],
    [181 * 60_000, "3h1m"],
    [8 * 3_600_000 + 60_000, "8h"],
    [47 * 3_600_000, "47h"],
    [49 * 3_600_000, "2d1h"],
    [8 * 86_400_000, "8d"],
    [729 * 86_400_000, "729d"],
    [731 * 86_400_000, "2y1d"],
    [9 * 365 * 86_400_000, "9y"],
  ])("%i ms are %s", (milliseconds, text) => {
    expect(humanDuration(milliseconds)).toBe(text);
  });
});
