/** Numbers of client-go's `record.EventCorrelator`. */
const SIMILAR = 10;
const SIMILAR_WINDOW_MS = 600_000;
const BURST = 25;
const REFILL_MS = 300_000;
/** Objects and kinds of events that are remembered. */
const REMEMBERED = 4096;

/** What becomes of a report: written under its key, counted up when there is one, or dropped. */
export interface Correlated {
  readonly key: string;
  readonly message: string;
}

/** Folds reports that differ in their message alone into one, and cuts off an object that reports too much. */
export class Correlator {
  readonly #similar = new Map<string, { readonly messages: Set<string>; last: number }>();
  readonly #budgets = new Map<string, { left: number; at: number }>();

  /** @param kind what makes reports alike, their message aside: object, type and reason. */
  take(about: string, kind: string, message: string, now: number): Correlated | undefined {
    const known = this.#similar.get(kind);
    const similar = known && now - known.last <= SIMILAR_WINDOW_MS ? known : { messages: new Set<string>(), last: now };
    similar.last = now;
    similar.messages.add(message);
    remember(this.#similar, kind, similar);
    const folded = similar.messages.size >= SIMILAR;
    if (folded) for (const first of similar.messages) if (similar.messages.size >= SIMILAR) similar.messages.delete(first);
    if (!this.#mayReport(about, now)) return undefined;
    return folded ? { key: kind, message: `(combined from similar events): ${message}` } : { key: `${kind} ${message}`, message };
  }

  #mayReport(about: string, now: number): boolean {
    const budget = this.#budgets.get(about) ?? { left: BURST, at: now };
    budget.left = Math.min(BURST, budget.left + (now - budget.at) / REFILL_MS);
    budget.at = now;
    remember(this.#budgets, about, budget);
    if (budget.left < 1) return false;
    budget.left--;
    return true;
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  if (map.size >= REMEMBERED) map.delete(map.keys().next().value!);
  map.set(key, value);
}
