import type { EventHandler, HandlerRegistration } from "./informer.ts";

export type Change<T> =
  | { readonly type: "add"; readonly now: T; readonly initial: boolean }
  | { readonly type: "update"; readonly now: T; readonly before: T }
  | { readonly type: "delete"; readonly before: T }
  /** The first list ends here. */
  | { readonly type: "synced" };

/** How long one drain may keep the event loop, in milliseconds. */
const SLICE_MS = 10;

/** The changes that one handler has yet to be told of, in order; grows while the handler is slow. */
export class HandlerQueue<T> implements HandlerRegistration {
  readonly #handler: EventHandler<T>;
  readonly #handOut: (object: T) => T;
  readonly #onError: (error: unknown) => void;
  readonly #onRemove: () => void;
  readonly #synced = Promise.withResolvers<void>();
  #changes: Change<T>[] = [];
  #running = false;
  #isSynced = false;
  #removed = false;

  constructor(handler: EventHandler<T>, handOut: (object: T) => T, onError: (error: unknown) => void, onRemove: () => void) {
    this.#handler = handler;
    this.#handOut = handOut;
    this.#onError = onError;
    this.#onRemove = onRemove;
    this.#synced.promise.catch(() => {});
  }

  push(change: Change<T>): void {
    if (this.#removed) return;
    this.#changes.push(change);
    if (this.#running) return;
    this.#running = true;
    queueMicrotask(() => void this.#drain());
  }

  hasSynced(): boolean {
    return this.#isSynced;
  }

  synced(signal?: AbortSignal): Promise<void> {
    return untilAborted(this.#synced.promise, signal);
  }

  remove(): void {
    this.#removed = true;
    this.#changes = [];
    this.#onRemove();
  }

  async #drain(): Promise<void> {
    let since = performance.now();
    while (this.#changes.length > 0) {
      const changes = this.#changes;
      this.#changes = [];
      for (const change of changes) {
        if (this.#removed) break;
        try {
          const wait = this.#tell(change);
          if (wait instanceof Promise) await wait;
        } catch (error) {
          this.#onError(error);
        }
        if (performance.now() - since > SLICE_MS) {
          await new Promise<void>((resolve) => setImmediate(resolve));
          since = performance.now();
        }
      }
    }
    this.#running = false;
  }

  #tell(change: Change<T>): void | Promise<void> {
    const { onAdd, onUpdate, onDelete } = this.#handler;
    switch (change.type) {
      case "add":
        return onAdd?.call(this.#handler, this.#handOut(change.now), change.initial);
      case "update":
        return onUpdate?.call(this.#handler, this.#handOut(change.now), this.#handOut(change.before));
      case "delete":
        return onDelete?.call(this.#handler, this.#handOut(change.before));
      case "synced":
        this.#isSynced = true;
        this.#synced.resolve();
    }
  }
}

/** The promise, or the signal's reason when that ends first. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const end = (): void => reject(signal.reason);
    if (signal.aborted) return end();
    signal.addEventListener("abort", end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}
