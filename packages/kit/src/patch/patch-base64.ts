import type { JsonPatchOperation } from "./operation.ts";

/**
 * Frozen trees that many patches carry, each with its last operation in base64. Nothing grows stale: what is in here
 * cannot change.
 */
const shared = new WeakMap<object, EncodedOperation | typeof UNWRITTEN>();
interface EncodedOperation {
  readonly op: string;
  readonly path: string;
  readonly base64: string;
}
const UNWRITTEN = Symbol("unwritten");

/**
 * Freezes a tree that many patches will carry, and lets `patchBase64` keep what it made of it.
 *
 * @param tree plain JSON without cycles; the very object is returned
 */
export function sharedValue<T extends object>(tree: T): T {
  freeze(tree);
  if (!shared.has(tree)) shared.set(tree, UNWRITTEN);
  return tree;
}

/**
 * The base64 of a patch's JSON text, as an admission answer carries it.
 *
 * What many patches have in common is encoded once: each part of the text is filled up with blanks, which JSON allows
 * between its tokens, to whole groups of three bytes, so that the parts' base64 can be put together as it is.
 */
export function patchBase64(operations: readonly JsonPatchOperation[]): string {
  const writer = new Writer();
  for (let index = 0; index < operations.length; index++) {
    const operation = operations[index]!;
    writer.text(index === 0 ? "[" : ",");
    const value = "value" in operation ? operation.value : undefined;
    const known = typeof value === "object" && value !== null ? shared.get(value) : undefined;
    if (known !== undefined) writer.base64(sharedOperation(operation, known));
    else if (!isMapOfStrings(value)) writer.text(JSON.stringify(operation));
    else writeMap(writer, operation, value);
  }
  return writer.end(operations.length === 0 ? "[]" : "]");
}

function sharedOperation(operation: JsonPatchOperation, known: EncodedOperation | typeof UNWRITTEN): string {
  const { op, path } = operation;
  if (known !== UNWRITTEN && known.path === path && known.op === op) return known.base64;
  const base64 = aligned(JSON.stringify(operation));
  shared.set((operation as { value: object }).value, { op, path, base64 });
  return base64;
}

/** JSON inside a string is mostly quotes to escape, and pods that come together carry the same annotations. */
function writeMap(writer: Writer, { op, path }: JsonPatchOperation, map: Readonly<Record<string, string>>): void {
  writer.text(`{"op":"${op}","path":${JSON.stringify(path)},"value":{`);
  let comma = "";
  for (const key of Object.keys(map)) {
    const value = map[key]!;
    writer.text(`${comma}${JSON.stringify(key)}:`);
    if (value.length < LONG) writer.text(JSON.stringify(value));
    else writer.base64(longStrings.of(value));
    comma = ",";
  }
  writer.text("}}");
}

/** Labels and annotations, say. */
function isMapOfStrings(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  for (const key in value) if (typeof (value as Record<string, unknown>)[key] !== "string") return false;
  return true;
}

/** Base64 of texts that come again and again. */
class Memory {
  readonly #known = new Map<string, string>();
  readonly #size: number;
  readonly #encode: (text: string) => string;

  constructor(size: number, encode: (text: string) => string) {
    this.#size = size;
    this.#encode = encode;
  }
  of(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const base64 = this.#encode(text);
    // Rarely, and all at once: cheaper than to know which were used.
    if (this.#known.size === this.#size) this.#known.clear();
    this.#known.set(text, base64);
    return base64;
  }
}

const LONG = 128;
const longStrings = new Memory(256, (value) => aligned(JSON.stringify(value)));
const shortTexts = new Memory(512, aligned);

/** Text that follows on encoded parts. */
class Writer {
  #done = "";
  #text = "";

  text(text: string): void {
    this.#text += text;
  }
  /** @param part of whole groups of three bytes */
  base64(part: string): void {
    if (this.#text !== "") this.#done += this.#text.length < LONG ? shortTexts.of(this.#text) : aligned(this.#text);
    this.#done += part;
    this.#text = "";
  }
  end(text: string): string {
    return this.#done + Buffer.from(this.#text + text).toString("base64");
  }
}

const BLANKS = ["", "  ", " "] as const;

/** @param text that ends with a token of JSON */
function aligned(text: string): string {
  return Buffer.from(text + BLANKS[Buffer.byteLength(text) % 3]).toString("base64");
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
}
