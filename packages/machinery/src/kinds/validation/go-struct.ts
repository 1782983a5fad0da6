import { readFileSync } from "node:fs";
import { readQuantity } from "./amounts.ts";
import type { Fields } from "./fields.ts";
import { Findings, Shown, sorted } from "./findings.ts";

/** Name in Go, name in JSON, type: see scripts/validation/go-structs.ts. */
type GoField = readonly string[];
type Structs = Readonly<Record<string, readonly GoField[]>>;
let loaded: Structs | undefined;

/** Read when a message first shows a struct: a refusal that most processes never make. */
function structs(): Structs {
  loaded ??= JSON.parse(readFileSync(new URL("../../../data/go-structs.json", import.meta.url), "utf8")) as Structs;
  return loaded;
}

/** Metadata's fields in Go's order; they carry JSON names also inside Kubernetes' own structs. */
const METADATA = [
  ...["name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp"],
  ...["deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers", "managedFields"],
];
/** Fields of a pod spec that Kubernetes keeps in its security context. */
const OF_HOST = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];

/** A value as Kubernetes' messages show it: its internal Go struct marshalled, with every field there. */
export function goStruct(type: string, value: Fields | undefined): Shown {
  return new Shown(escaped(JSON.stringify(goValue(type, value))));
}

/**
 * The unified diff of two values as Go structs, one space of indentation and three lines of context
 * (`apimachinery/pkg/util/diff`).
 */
export function goDiff(type: string, before: Fields, after: Fields): string {
  const lines = (value: Fields) => escaped(JSON.stringify(goValue(type, value), undefined, 1)).split("\n");
  return unifiedDiff(lines(before), lines(after));
}

function escaped(json: string): string {
  return json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

function goValue(type: string, value: unknown): unknown {
  if (type.startsWith("*")) return value === undefined || value === null ? null : goValue(type.slice(1), value);
  if (type.startsWith("[]")) return Array.isArray(value) ? value.map((item) => goValue(type.slice(2), item)) : null;
  if (type.startsWith("{}")) {
    if (typeof value !== "object" || value === null) return null;
    const fields = value as Fields;
    const sorted = Object.keys(fields).sort();
    return Object.fromEntries(sorted.map((key) => [key, goValue(type.slice(2), fields[key])]));
  }
  const fields = structs()[type];
  if (fields) return goFields(type, fields, (value ?? {}) as Fields);
  switch (type) {
    case "string":
      return value ?? "";
    case "number":
      return value ?? 0;
    case "boolean":
      return value ?? false;
    case "intOrString":
      return value ?? 0;
    case "quantity":
      return readQuantity(new Findings(), value, "").toString();
    default:
      return value ?? null;
  }
}

function goFields(type: string, fields: readonly GoField[], value: Fields): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [goName = "", jsonName = "", fieldType = ""] of fields) {
    if (fieldType === "metadata") {
      const metadata = (value["metadata"] ?? {}) as Fields;
      for (const field of METADATA)
        if (!isEmpty(metadata[field])) result[field] = isMap(metadata[field]) ? sorted(metadata[field]) : metadata[field];
    } else if (type === "PodSpec" && jsonName === "securityContext") {
      const context = { ...(value["securityContext"] as object), ...Object.fromEntries(OF_HOST.map((field) => [field, value[field]])) };
      const absent = value["securityContext"] === undefined && OF_HOST.every((field) => value[field] === undefined);
      result[goName] = goValue(fieldType, absent ? undefined : context);
    } else result[goName] = goValue(fieldType, value[jsonName]);
  }
  return result;
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

const CONTEXT = 3;

function unifiedDiff(before: readonly string[], after: readonly string[]): string {
  const edits = lineEdits(before, after);
  const shown = edits.map((_, index) => edits.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ sign }) => sign !== " "));
  let result = "";
  let index = 0;
  let [left, right] = [1, 1];
  while (index < edits.length) {
    let end = index;
    while (end < edits.length && shown[end]) end++;
    if (end === index) {
      left++;
      right++;
      index++;
      continue;
    }
    const hunk = edits.slice(index, end);
    const removed = hunk.filter(({ sign }) => sign !== "+").length;
    const added = hunk.filter(({ sign }) => sign !== "-").length;
    result += `@@ -${left},${removed} +${right},${added} @@\n${hunk.map(({ sign, line }) => `${sign}${line}\n`).join("")}`;
    left += removed;
    right += added;
    index = end;
  }
  return result;
}

interface Edit {
  readonly sign: " " | "-" | "+";
  readonly line: string;
}

/** The longest block of lines that both have stays; what is before and after it is compared in the same way (Ratcliff and Obershelp). */
function lineEdits(before: readonly string[], after: readonly string[]): Edit[] {
  const places = new Map<string, number[]>();
  after.forEach((line, index) => {
    places.set(line, [...(places.get(line) ?? []), index]);
  });
  const walk = (leftFrom: number, leftTo: number, rightFrom: number, rightTo: number): Edit[] => {
    const { left, right, length } = longestBlock(before, places, leftFrom, leftTo, rightFrom, rightTo);
    if (length === 0) {
      return [
        ...before.slice(leftFrom, leftTo).map((line): Edit => ({ sign: "-", line })),
        ...after.slice(rightFrom, rightTo).map((line): Edit => ({ sign: "+", line })),
      ];
    }
    return [
      ...walk(leftFrom, left, rightFrom, right),
      ...before.slice(left, left + length).map((line): Edit => ({ sign: " ", line })),
      ...walk(left + length, leftTo, right + length, rightTo),
    ];
  };
  return walk(0, before.length, 0, after.length);
}

function longestBlock(
  before: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  leftFrom: number,
  leftTo: number,
  rightFrom: number,
  rightTo: number,
): { left: number; right: number; length: number } {
  let best = { left: leftFrom, right: rightFrom, length: 0 };
  let ending = new Map<number, number>();
  for (let left = leftFrom; left < leftTo; left++) {
    const next = new Map<number, number>();
    for (const right of places.get(before[left] ?? "") ?? []) {
      if (right < rightFrom || right >= rightTo) continue;
      const length = (ending.get(right - 1) ?? 0) + 1;
      next.set(right, length);
      if (length > best.length) best = { left: left - length + 1, right: right - length + 1, length };
    }
    ending = next;
  }
  return best;
}
