import type { EventHandler, HandlerRegistration } from "./informer.ts";
import { untilAborted } from "./until-aborted.ts";

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
  readonly #onEnd: () => void;
  readonly #synced = Promise.withResolvers<void>();
  #lookouts: { readonly limit: number; readonly resolve: () => void }[] = [];
  #changes: Change<T>[] = [];
  /** Changes pushed and not yet told. */
  #behind = 0;
  /** The telling that is under way, while there is any. */
  #telling: Promise<void> | undefined;
  #isSynced = false;
  #ended = false;

  constructor(handler: EventHandler<T>, handOut: (object: T) => T, onError: (error: unknown) => void, onEnd: () => void) {
    this.#handler = handler;
    this.#handOut = handOut;
    this.#onError = onError;
    this.#onEnd = onEnd;
    this.#synced.promise.catch(() => {});
  }

  push(change: Change<T>): void {
    if (this.#ended) return;
    this.#changes.push(change);
    this.#behind++;
    this.#telling ??= Promise.resolve().then(() => this.#drain());
  }

  /** How many changes this handler has yet to be told of. */
  get behind(): number {
    return this.#behind;
  }

  /** Resolves once at most `limit` changes are left, or the handler hears no more. */
  downTo(limit: number): Promise<void> {
    if (this.#behind <= limit) return Promise.resolve();
    return new Promise((resolve) => this.#lookouts.push({ limit, resolve }));
  }

  hasSynced(): boolean {
    return this.#isSynced;
  }

  synced(signal?: AbortSignal): Promise<void> {
    return untilAborted(this.#synced.promise, signal);
  }

  remove(): void {
    void this.end(new DOMException("the handler was removed", "AbortError"));
  }

  /** No more calls. Resolves when the one under way has ended. @param reason for who waits for the first list. */
  async end(reason: unknown): Promise<void> {
    if (!this.#ended) {
      this.#ended = true;
      this.#changes = [];
      this.#behind = 0;
      this.#lookOut();
      this.#synced.reject(reason);
      this.#onEnd();
    }
    await this.#telling;
  }

  async #drain(): Promise<void> {
    let since = performance.now();
    while (this.#changes.length > 0) {
      const changes = this.#changes;
      this.#changes = [];
      for (const change of changes) {
        if (this.#ended) break;
        try {
          const wait = this.#tell(change);
          if (wait instanceof Promise) await wait;
        } catch (error) {
          this.#onError(error);
        }
        if (this.#ended) break;
        this.#behind--;
        if (this.#lookouts.length > 0) this.#lookOut();
        if (performance.now() - since > SLICE_MS) {
          await new Promise<void>((resolve) => setImmediate(resolve));
          since = performance.now();
        }
      }
    }
    this.#telling = undefined;
  }

  #lookOut(): void {
    this.#lookouts = this.#lookouts.filter(({ limit, resolve }) => {
      if (this.#behind > limit) return true;
      resolve();
      return false;
    });
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
