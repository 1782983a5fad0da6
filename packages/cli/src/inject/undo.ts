// What was injected, by names: for files that were edited since.
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { aligned, identity } from "./align.ts";
import { isObject, type Json } from "./render.ts";

type Step = string | Readonly<Record<string, string>>;

/** One thing that was injected into a pod, and what undoes it. */
export interface Undo {
  /** Keys of maps, and entries of lists by their names. */
  readonly path: readonly Step[];
  /** What was there before. */
  readonly was?: unknown;
  /** Digest of what was set: it is undone only while it is still that. Absent for what is known by its name alone. */
  readonly set?: string;
  /** Made to hold what was injected: it goes when nothing is left in it. */
  readonly holder?: true;
}

/** Containers and volumes are ours by their names, whatever was changed in them since. */
const BY_NAME = new Set(["containers", "initContainers", "volumes"]);

/** What undoes the change from one value to another. */
export function undos(before: unknown, after: unknown, path: readonly Step[] = []): Undo[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isObject(before) && isObject(after) && Object.keys(before).every((key) => Object.hasOwn(after, key)))
    return Object.keys(after).flatMap((key) =>
      Object.hasOwn(before, key) ? undos(before[key], after[key], [...path, key]) : added(after[key], [...path, key]),
    );
  if (Array.isArray(before) && Array.isArray(after) && after.every(identity)) {
    const places = aligned(before, after);
    if (!places.includes(-1))
      return after.flatMap((item, place) => {
        const old = places.indexOf(place);
        const at = [...path, identity(item)!];
        return old >= 0 ? undos(before[old], item, at) : [entry(item, at)];
      });
  }
  return [{ path, was: before, set: digest(after) }];
}

function added(value: unknown, path: readonly Step[]): Undo[] {
  if (Array.isArray(value) && value.every(identity))
    return [...value.map((item) => entry(item, [...path, identity(item)!])), { path, holder: true }];
  if (isObject(value)) return [...Object.keys(value).flatMap((key) => added(value[key], [...path, key])), { path, holder: true }];
  return [{ path, set: digest(value) }];
}

function entry(item: unknown, path: readonly Step[]): Undo {
  const list = path.at(-2);
  return typeof list === "string" && BY_NAME.has(list) ? { path } : { path, set: digest(item) };
}

/** @returns the value without what was injected, and what was left because it was changed since. */
export function undone(value: unknown, undos: readonly Undo[]): { readonly value: unknown; readonly left: readonly string[] } {
  const left: string[] = [];
  const result = structuredClone(value);
  for (const undo of undos) {
    const parent = undo.path.slice(0, -1).reduce(part, result);
    const last = undo.path.at(-1)!;
    const now = part(parent, last);
    if (now === undefined) continue;
    if (undo.holder) {
      if (!isEmpty(now)) continue;
    } else if (undo.set !== undefined && digest(now) !== undo.set) {
      left.push(undo.path.map((step) => (typeof step === "string" ? step : Object.values(step)[0])).join("."));
      continue;
    }
    if (Array.isArray(parent)) parent.splice(parent.indexOf(now), 1);
    else if (undo.was !== undefined) (parent as Json)[last as string] = undo.was;
    else delete (parent as Json)[last as string];
  }
  return { value: result, left };
}

function part(value: unknown, step: Step): unknown {
  if (typeof step === "string") return isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  return Array.isArray(value) ? value.find((item) => isDeepStrictEqual(identity(item), step)) : undefined;
}

function isEmpty(value: unknown): boolean {
  return value === null || (Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0);
}

function digest(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex").slice(0, 16);
}

/** The order of keys says nothing. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
