/**
 * Parses JSON so that no key of it can reach a prototype: `__proto__` keys, and `constructor` keys that hold an object
 * with `prototype`, are left out. `JSON.parse` alone makes them own properties, which a later merge or assignment turns
 * into changes of `Object.prototype`.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // The search is far cheaper than a walk, and such keys are never there in honest requests. A key may be written with escapes.
  if (text.includes("__proto__") || text.includes("constructor") || text.includes("\\u")) removeKeys(value);
  return value;
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
