/** A JSON object. Its keys come from users: read with `own`, write with `put`. */
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a key of its own: never one that every object inherits (`constructor`, `__proto__`). */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a key, also where it is called `__proto__`. */
export function put(object: JsonObject, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/** A deep copy of a JSON value. Fields that are `undefined` are left out, as JSON has none. */
export function clone<T>(value: T): T {
  if (Array.isArray(value)) return value.map(clone) as T;
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) {
    if (value[key] !== undefined) put(copy, key, clone(value[key]));
  }
  return copy as T;
}

/** Whether two JSON values are the same; the order of an object's keys does not matter, `undefined` fields count as absent. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  let fields = 0;
  for (const key of Object.keys(a)) {
    if (a[key] === undefined) continue;
    fields++;
    if (!equal(a[key], own(b, key))) return false;
  }
  for (const key of Object.keys(b)) if (b[key] !== undefined) fields--;
  return fields === 0;
}
