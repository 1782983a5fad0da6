// New parts of a manifest as YAML text.
import { stringify } from "yaml";

export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Most pods get the same: a text is made once. */
const made = new Map<string, string>();
const MOST_MADE = 1000;

/**
 * Block YAML, each line `indent` columns in, without the last line's end. Words that YAML 1.1 takes for something else than
 * text are quoted, because kubectl reads YAML 1.1.
 *
 * @param indentSeq whether lists stand further in than the key that they belong to.
 */
export function block(value: Json | readonly unknown[], indent: number, indentSeq: boolean, eol: string): string {
  const key = JSON.stringify([indent, indentSeq, eol, value]);
  let text = made.get(key);
  if (text === undefined) {
    const before = " ".repeat(indent);
    text = stringify(value, { lineWidth: 0, compat: "yaml-1.1", aliasDuplicateObjects: false, indentSeq, blockQuote: false })
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => before + line)
      .join(eol);
    if (made.size >= MOST_MADE) made.clear();
    made.set(key, text);
  }
  return text;
}

/** One line that is YAML and JSON. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${quoted(key)}: ${flow(item)}`)
      .join(", ")}}`;
  return typeof value === "string" ? quoted(value) : (JSON.stringify(value) ?? "null");
}

/** YAML takes fewer characters as they are than JSON does. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
