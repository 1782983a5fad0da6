import { CelError } from "../error.ts";
import { Duration, Timestamp } from "../time.ts";
import { ListValue, MapValue, NativeList, Optional, Uint, type Value } from "../value.ts";
import type { Library } from "./declare.ts";
import { lookUp } from "./standard.ts";

function isZero(value: Value): boolean {
  if (value instanceof ListValue || value instanceof MapValue) return value.size === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration || value instanceof Timestamp) return value.nanoseconds === 0n;
  if (value instanceof Optional) return !value.hasValue;
  return value === null || value === false || value === "" || value === 0n || value === 0;
}

/** The item of a list or map, where there is one. */
export function optionalItem(container: Value, key: Value): Optional {
  if (container instanceof Optional) return container.hasValue ? optionalItem(container.value, key) : container;
  if (container instanceof MapValue) return wrapped(container.get(key));
  if (container instanceof ListValue) {
    const index =
      typeof key === "bigint" ? Number(key) : key instanceof Uint ? Number(key.value) : typeof key === "number" ? key : undefined;
    if (index === undefined) throw new CelError("no such overload");
    return index >= 0 && index < container.size ? wrapped(container.at(index)) : Optional.NONE;
  }
  throw new CelError("no such overload");
}

function wrapped(value: Value | undefined): Optional {
  return value === undefined ? Optional.NONE : value instanceof Optional ? value : Optional.of(value);
}

function unwrapAll(list: Value): NativeList {
  return new NativeList(
    [...(list as ListValue)].flatMap((item) => {
      if (!(item instanceof Optional)) throw new CelError(`value ${String(item)} is not optional`);
      return item.hasValue ? [item.value] : [];
    }),
  );
}

function inside(optional: Value): Value {
  const { hasValue, value } = optional as Optional;
  if (!hasValue) throw new CelError("optional.none() dereference");
  return value;
}

/** Optional values; `or` and `orValue` do not evaluate what they do not need, so the evaluator knows them too. */
export const OPTIONALS: Library = {
  "optional.of(V): optional<V>": (value) => Optional.of(value),
  "optional.ofNonZeroValue(V): optional<V>": (value) => (isZero(value) ? Optional.NONE : Optional.of(value)),
  "optional.none(): optional<V>": () => Optional.NONE,
  "optional.unwrap(list<optional<V>>): list<V>": unwrapAll,
  "list<optional<V>>.unwrapOpt(): list<V>": unwrapAll,
  "optional<V>.value(): V": inside,
  "optional<V>.hasValue(): bool": (optional) => (optional as Optional).hasValue,
  "optional<V>.or(optional<V>): optional<V>": (a, b) => ((a as Optional).hasValue ? a : b),
  "optional<V>.orValue(V): V": (a, b) => ((a as Optional).hasValue ? (a as Optional).value : b),
  "_[?_](list<V>, int): optional<V>": optionalItem,
  "_[?_](optional<list<V>>, int): optional<V>": optionalItem,
  "_[?_](map<K,V>, K): optional<V>": optionalItem,
  "_[?_](optional<map<K,V>>, K): optional<V>": optionalItem,
  "_[_](optional<list<V>>, int): optional<V>": optionalIndex,
  "_[_](optional<map<K,V>>, K): optional<V>": optionalIndex,
};

/** An index that must be there, where the container is. */
function optionalIndex(optional: Value, key: Value): Value {
  const { hasValue, value } = optional as Optional;
  if (!hasValue) return Optional.NONE;
  if (value instanceof MapValue) return wrapped(lookUp(value, key));
  const found = optionalItem(value, key);
  if (!found.hasValue) throw new CelError(`index out of bounds: ${String(key)}`);
  return found;
}
