/** As deep as API servers read JSON. */
const MOST_DEPTH = 10_000;
/** Characters; shorter texts are parsed quickly, however deep they are. */
const LONG = 64 * 1024;

/**
 * Parses JSON so that no key of it can reach a prototype: `__proto__` keys, and `constructor` keys that hold an object
 * with `prototype`, are left out. `JSON.parse` alone makes them own properties, which a later merge or assignment turns
 * into changes of `Object.prototype`.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  if (text.length > LONG && isDeep(text)) throw new SyntaxError(`nested deeper than ${MOST_DEPTH} levels`);
  const value: unknown = JSON.parse(text);
  // The search is far cheaper than a walk, and such keys are never there in honest requests. A key may be written with escapes.
  if (text.includes("__proto__") || text.includes("constructor") || text.includes("\\u")) removeKeys(value);
  return value;
}

/** Whether a text is too deep: 7 MiB of brackets would keep the parser busy for a second, and cost 400 MiB. */
function isDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > MOST_DEPTH) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/** The place of the quote that ends a string, or the text's end. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === 0x5c) before--;
    if ((end - before) % 2 === 0) return end;
  }
  return text.length;
}

/** Without recursion: the nesting is the sender's to choose. */
function removeKeys(root: unknown): void {
  const pending: unknown[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== "object" || next === null) continue;
    if (Array.isArray(next)) {
      for (const item of next) pending.push(item);
      continue;
    }
    const object = next as Record<string, unknown>;
    for (const key of Object.keys(object)) {
      if (key === "__proto__") delete object[key];
      else if (key === "constructor" && isObject(object[key]) && Object.hasOwn(object[key], "prototype")) delete object[key];
      else pending.push(object[key]);
    }
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
