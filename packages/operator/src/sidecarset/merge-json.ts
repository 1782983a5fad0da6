import { goJson } from "./go-json.ts";

/**
 * A JSON value that keeps its text where nothing is merged into it: numbers stay as they are written, and so does the
 * order of keys.
 */
type Node = RawNode | ObjectNode;
interface RawNode {
  readonly raw: unknown;
  /** Compact. */
  readonly text: string;
}
interface ObjectNode {
  readonly members: Map<string, Node>;
}

/**
 * Merges `patch` into `document` (RFC 7396) as kruise does, byte for byte: keys of objects that are merged are sorted,
 * what is not touched keeps its text, and `<`, `>`, `&` are escaped as Go escapes them.
 *
 * Source: kruise merges with github.com/evanphx/json-patch 5.6.
 *
 * @throws {SyntaxError} for a text that is no JSON, and for `null`, into which nothing can be merged
 */
export function mergeJson(document: string, patch: string): string {
  const [into, from] = [JSON.parse(document) as unknown, JSON.parse(patch) as unknown];
  if (into === null) throw new SyntaxError("nothing can be merged into null");
  if (isList(from)) return write(withoutNulls(read(patch)));
  if (!isObject(from)) throw new SyntaxError("the patch is neither an object nor a list");
  if (!isObject(into)) return write(withoutNulls(read(patch)));
  return write(merge(read(document), read(patch)));
}

/** Whether two JSON texts say the same, members that are null taken for absent. */
export function sayTheSame(a: string, b: string): boolean {
  try {
    return canonical(JSON.parse(a)) === canonical(JSON.parse(b));
  } catch {
    return a === b;
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner)
      ? Object.fromEntries(
          Object.entries(inner)
            .filter(([, member]) => member !== null)
            .sort(([x], [y]) => (x < y ? -1 : 1)),
        )
      : inner,
  );
}

function merge(document: Node, patch: Node): Node {
  const [into, from] = [opened(document), opened(patch)];
  if (into === undefined || from === undefined) return withoutNulls(patch);
  const members = new Map(into.members);
  for (const [key, value] of from.members) {
    const current = members.get(key);
    if (isNull(value)) members.delete(key);
    else members.set(key, current === undefined || isNull(current) ? withoutNulls(value) : merge(current, value));
  }
  return { members };
}

/** Null members of objects go, at any depth; objects in lists too. */
function withoutNulls(node: Node): Node {
  const object = opened(node);
  if (object !== undefined)
    return {
      members: new Map([...object.members].filter(([, value]) => !isNull(value)).map(([key, value]) => [key, withoutNulls(value)])),
    };
  const items = listItems(node);
  if (items === undefined) return node;
  const text = `[${items.map((item) => write(withoutNulls(item))).join(",")}]`;
  return { raw: JSON.parse(text), text };
}

function opened(node: Node): ObjectNode | undefined {
  if ("members" in node) return node;
  return isObject(node.raw) ? { members: new Map(pieces(node.text).map(([key, text]) => [key!, read(text)])) } : undefined;
}

function listItems(node: Node): Node[] | undefined {
  return "raw" in node && isList(node.raw) ? pieces(node.text).map(([, text]) => read(text)) : undefined;
}

function read(text: string): RawNode {
  return { raw: JSON.parse(text), text: compact(text) };
}

function write(node: Node): string {
  if ("raw" in node) return escaped(node.text);
  const keys = [...node.members.keys()].sort(byUtf8);
  return `{${keys.map((key) => `${goJson(key)}:${write(node.members.get(key)!)}`).join(",")}}`;
}

/** Without the white space between tokens. */
function compact(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/gs, (_all, string: string | undefined) => string ?? "");
}

/** The members of a compact object, or the items of a compact list (without keys). */
function pieces(text: string): [key: string | undefined, text: string][] {
  const isObjectText = text.startsWith("{");
  const result: [string | undefined, string][] = [];
  let depth = 0;
  let start = 1;
  let key: string | undefined;
  const end = (at: number): void => {
    if (at > start) result.push([key, text.slice(start, at)]);
    key = undefined;
    start = at + 1;
  };
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/gs)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") {
      depth--;
      if (depth === 0) end(index);
    } else if (depth !== 1) continue;
    else if (token === ",") end(index);
    else if (token === ":" && isObjectText) {
      key = JSON.parse(text.slice(start, index)) as string;
      start = index + 1;
    }
  }
  return result;
}

function escaped(text: string): string {
  return text.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Go sorts keys by their bytes. */
function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isNull(node: Node): boolean {
  return "raw" in node && node.raw === null;
}
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}
