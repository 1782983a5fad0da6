import type { ConfigurationSource } from "./source.ts";

export interface MemorySource extends ConfigurationSource {
  /** Replaces the value; followers hear of it. */
  set(value: unknown): void;
}

/** A value in memory: for tests, and for defaults that a program works out. */
export function memory(value: unknown, name = "memory"): MemorySource {
  let current = value;
  const followers = new Set<() => void>();
  return {
    name,
    read: async () => ({ value: structuredClone(current) }),
    watch(changed, signal) {
      followers.add(changed);
      signal.addEventListener("abort", () => followers.delete(changed), { once: true });
    },
    set(next) {
      current = next;
      for (const changed of followers) changed();
    },
  };
}
