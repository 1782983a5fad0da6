import type { JsonPatchOperation } from "./json-patch.ts";

/** Empty until the value is first written. Only frozen trees are in here, so no text can grow stale. */
const texts = new WeakMap<object, string>();

/**
 * Freezes a tree that many patches will carry, and lets `patchText` keep its JSON text.
 *
 * @param tree plain JSON without cycles; the very object is returned
 */
export function sharedValue<T extends object>(tree: T): T {
  freeze(tree);
  if (!texts.has(tree)) texts.set(tree, "");
  return tree;
}

/** The JSON text of a patch: what `JSON.stringify` gives, with what many patches have in common written once. */
export function patchText(operations: readonly JsonPatchOperation[]): string {
  let text = "[";
  for (const operation of operations) {
    if (text !== "[") text += ",";
    const value = "value" in operation ? textOf(operation.value) : undefined;
    if (value === undefined) text += JSON.stringify(operation);
    else text += `{"op":"${operation.op}","path":${JSON.stringify(operation.path)},"value":${value}}`;
  }
  return `${text}]`;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "object" || value === null) return undefined;
  const known = texts.get(value);
  if (known === undefined) return Array.isArray(value) ? undefined : textOfStrings(value);
  if (known !== "") return known;
  const made = JSON.stringify(value);
  texts.set(value, made);
  return made;
}

/** Of a map such as labels and annotations; `undefined` where something else than a string is in it. */
function textOfStrings(map: object): string | undefined {
  let text = "{";
  for (const [key, value] of Object.entries(map)) {
    if (typeof value !== "string") return undefined;
    text += `${text === "{" ? "" : ","}${JSON.stringify(key)}:${quoted(value)}`;
  }
  return `${text}}`;
}

const LONG = 128;
const QUOTED_KEPT = 256;
const quotedTexts = new Map<string, string>();

/** JSON inside a string is mostly quotes to escape, and pods that come together carry the same annotations. */
function quoted(value: string): string {
  if (value.length < LONG) return JSON.stringify(value);
  const known = quotedTexts.get(value);
  if (known !== undefined) return known;
  const made = JSON.stringify(value);
  if (quotedTexts.size === QUOTED_KEPT) quotedTexts.clear();
  quotedTexts.set(value, made);
  return made;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}
