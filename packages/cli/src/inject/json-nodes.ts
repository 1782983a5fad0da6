// JSON as YAML nodes: what the editor needs of a text, and nothing that only YAML has.
import { Document, LineCounter, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { Json } from "./render.ts";

/** So deep may JSON be nested: Kubernetes' own decoder ends at 10 000, this one must not run out of stack. */
const MOST_DEPTH = 1000;
const TOKEN = { type: "flow-collection", indent: 0 } as const;
const BLANK = /[ \t\r\n]*/y;
const WORD = /[^\s,\]}]+/y;

/**
 * A JSON text's document and value; `undefined` for what is no JSON object. Made in one pass, for `kubectl get -o json` gives
 * files of many MiB, and YAML's own tokens cost a hundred times the text.
 *
 * @throws SyntaxError for a key that an object has twice, and for more than 1000 levels: with the line.
 */
export function jsonNodes(text: string): { readonly document: Document; readonly value: unknown; readonly isJson: true } | undefined {
  if (!isJson(text)) return undefined;
  const { node, value } = new Reader(text).value(0);
  const document = new Document(null);
  document.contents = node as never;
  return { document, value, isJson: true };
}

function isJson(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

interface Read {
  readonly node: Node;
  readonly value: unknown;
}

/** Reads text that JSON.parse took: nothing is checked twice. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Read {
    if (depth > MOST_DEPTH) throw this.#error(`nested deeper than ${MOST_DEPTH} levels`, this.#at);
    this.#skip(BLANK);
    const start = this.#at;
    const first = this.#text[start];
    if (first === "{") return this.#map(start, depth);
    if (first === "[") return this.#list(start, depth);
    const value = JSON.parse(first === '"' ? this.#string() : this.#skip(WORD)) as unknown;
    const node = new Scalar(value);
    return { node: this.#placed(node, start), value };
  }

  #map(start: number, depth: number): Read {
    const node = new YAMLMap();
    const value: Json = {};
    while (this.#next("}")) {
      const key = this.value(depth + 1);
      const name = key.value as string;
      if (Object.hasOwn(value, name)) throw this.#error("Map keys must be unique", key.node.range![0]);
      this.#skip(BLANK);
      const colon = this.#at++;
      const item = this.value(depth + 1);
      const pair = new Pair(key.node, item.node);
      pair.srcToken = { start: [], sep: [{ type: "map-value-ind", offset: colon, indent: 0, source: ":" }] } as never;
      node.items.push(pair as never);
      // An assignment to `__proto__` would set the prototype.
      Object.defineProperty(value, name, { value: item.value, enumerable: true, configurable: true, writable: true });
    }
    return { node: this.#placed(node, start, TOKEN), value };
  }

  #list(start: number, depth: number): Read {
    const node = new YAMLSeq();
    const value: unknown[] = [];
    while (this.#next("]")) {
      const item = this.value(depth + 1);
      node.items.push(item.node);
      value.push(item.value);
    }
    return { node: this.#placed(node, start, TOKEN), value };
  }

  /** Goes behind the bracket or comma; whether there is another entry. */
  #next(end: string): boolean {
    this.#skip(BLANK);
    const { [this.#at]: sign } = this.#text;
    if (sign === "," || sign === "{" || sign === "[") this.#at++;
    this.#skip(BLANK);
    if (this.#text[this.#at] !== end) return true;
    this.#at++;
    return false;
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ""] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }

  /** By hand: a pattern keeps its steps on a stack, and a journal has many escapes. */
  #string(): string {
    const start = this.#at;
    let end = start;
    do end = this.#text.indexOf('"', end + 1);
    while (this.#isEscaped(end));
    this.#at = end + 1;
    return this.#text.slice(start, this.#at);
  }

  #isEscaped(at: number): boolean {
    let before = at;
    while (this.#text[before - 1] === "\\") before--;
    return (at - before) % 2 === 1;
  }

  #placed(node: Scalar | YAMLMap | YAMLSeq, start: number, token: object = { type: "scalar" }): Node {
    node.range = [start, this.#at, this.#at];
    node.srcToken = token as never;
    return node as Node;
  }

  #error(message: string, at: number): SyntaxError {
    const lines = new LineCounter();
    for (let line = 0; line >= 0; line = this.#text.indexOf("\n", line) + 1 || -1) lines.addNewLine(line);
    const { line, col } = lines.linePos(at);
    return new SyntaxError(`${message} at line ${line}, column ${col}`);
  }
}
