/** Pods that a look may go through for each millisecond of rest after it. */
const PODS_PER_MS = 20;

/** Lets owners of many pods rest between looks, since each look goes through all their pods and many change at once. */
export class Rest {
  readonly #until = new Map<string, number>();

  /** A look at the owner went through so many pods. */
  took(uid: string, pods: number): void {
    if (pods >= PODS_PER_MS) this.#until.set(uid, Date.now() + Math.floor(pods / PODS_PER_MS));
    else this.#until.delete(uid);
  }
  /** Milliseconds of rest left; undefined where the owner may be looked at. */
  left(uid: string): number | undefined {
    const left = (this.#until.get(uid) ?? 0) - Date.now();
    if (left > 0) return left;
    this.#until.delete(uid);
    return undefined;
  }
}
