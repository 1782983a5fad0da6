import type { KubeObject } from "../api/index.ts";
import { storeKey } from "./store.ts";

/** What a WatchList has sent before its end. */
export class InitialEvents {
  readonly #objects = new Map<string, KubeObject>();

  /** Whether the event was one of the list itself, and not a change that came after it. */
  take(type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject): boolean {
    const key = storeKey(object.metadata);
    if (type === "DELETED") {
      this.#objects.delete(key);
      return false;
    }
    const known = this.#objects.has(key);
    this.#objects.set(key, object);
    return type === "ADDED" && !known;
  }

  objects(): KubeObject[] {
    return [...this.#objects.values()];
  }
}
