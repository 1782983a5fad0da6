import type { Client } from "../client/index.ts";

const WRITES: ReadonlySet<PropertyKey> = new Set<keyof Client>([
  "create",
  "update",
  "patch",
  "apply",
  "delete",
  "deleteCollection",
  "scale",
  "evict",
  "bind",
]);

/**
 * The same client, whose writes are refused from the moment at which another process may lead: one that stood still does
 * not know of it when it wakes, and the clock does.
 *
 * @param check throws when writing is not allowed any more.
 */
export function fencedClient(client: Client, check: () => void): Client {
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(client, {
    get(target, property) {
      const known = wrapped.get(property);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      const bound = value.bind(target) as (...args: unknown[]) => unknown;
      const isRequest = property === "request";
      const method =
        WRITES.has(property) || isRequest
          ? async (...args: unknown[]): Promise<unknown> => {
              if (!isRequest || (args[0] as { method: string }).method !== "GET") check();
              return await bound(...args);
            }
          : bound;
      wrapped.set(property, method);
      return method;
    },
  });
}
