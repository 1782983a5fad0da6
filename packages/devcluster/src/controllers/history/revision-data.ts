import type { PodTemplate } from "../../objects/index.ts";
import { safeEncode } from "../template-hash/index.ts";

/** A template as a ControllerRevision keeps it: a patch that replaces it (`getPatch`). */
export function revisionData(template: PodTemplate): { readonly spec: { readonly template: object } } {
  return { spec: { template: { ...template, $patch: "replace" } } };
}
/** The template that a revision keeps. */
export function templateOf(data: unknown): PodTemplate {
  const { $patch: _, ...template } = (data as { spec: { template: { $patch: string } } }).spec.template;
  return template as unknown as PodTemplate;
}

/** The hash of a revision's data (`history.HashControllerRevision`). @param collisions the owner's `status.collisionCount`. */
export function revisionHash(data: object, collisions: number | undefined): string {
  return safeEncode(String(fnv32(goJson(data) + (collisions === undefined ? "" : String(collisions)))));
}

const encoder = new TextEncoder();
/** FNV-1, 32 bits (`hash/fnv.New32`), which multiplies first. */
function fnv32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash, 0x01000193) ^ byte;
  return hash >>> 0;
}

/** JSON as Go writes a map: keys sorted, and what could end a script escaped. */
function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([key, field]) => `${goString(key)}:${goJson(field)}`)
      .join(",")}}`;
  }
  return typeof value === "string" ? goString(value) : JSON.stringify(value);
}
function goString(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
