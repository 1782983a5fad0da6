/** Numbers of client-go's `record.EventCorrelator`. */
const SIMILAR_MAX = 10;
const SIMILAR_WINDOW_MS = 600_000;
const BURST = 25;
const REFILL_MS = 300_000;
const REMEMBERED = 4096;

export interface ReportedEvent {
  /** The object, as text that names it for good. */
  readonly about: string;
  /** The part of it. Events of different parts are different ones, and count as similar. */
  readonly fieldPath?: string | undefined;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly action?: string;
}
/** An event to write: those with the same key are one, counted up. */
export interface CorrelatedEvent extends ReportedEvent {
  readonly key: string;
}

/** Decides what becomes of each event: written as it is, folded into one with its like, or dropped. */
export class EventCorrelator {
  readonly #now: () => number;
  readonly #similar = new Map<string, { messages: Set<string>; last: number }>();
  readonly #tokens = new Map<string, { left: number; at: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Undefined when the object reports too much. */
  take(event: ReportedEvent): CorrelatedEvent | undefined {
    const now = this.#now();
    const group = JSON.stringify([event.about, event.type, event.reason]);
    let similar = recent(this.#similar, group);
    if (!similar || now - similar.last > SIMILAR_WINDOW_MS) similar = { messages: new Set(), last: now };
    remember(this.#similar, group, similar);
    similar.last = now;
    similar.messages.add(event.message);
    const folded = similar.messages.size >= SIMILAR_MAX;
    // The set only needs to say "many".
    if (similar.messages.size > SIMILAR_MAX) similar.messages.delete(event.message);
    // Of each type on its own, as in client-go 0.36 (`getSpamKey`): warnings are heard though there was much to tell of what is well.
    if (!this.#mayReport(JSON.stringify([event.about, event.type]), now)) return undefined;
    return folded
      ? { ...event, key: group, message: `(combined from similar events): ${event.message}` }
      : { ...event, key: JSON.stringify([group, event.fieldPath, event.message]) };
  }

  #mayReport(reporting: string, now: number): boolean {
    const bucket = recent(this.#tokens, reporting) ?? { left: BURST, at: now };
    bucket.left = Math.min(BURST, bucket.left + (now - bucket.at) / REFILL_MS);
    bucket.at = now;
    remember(this.#tokens, reporting, bucket);
    if (bucket.left < 1) return false;
    bucket.left--;
    return true;
  }
}

function recent<T>(map: Map<string, T>, key: string): T | undefined {
  const value = map.get(key);
  if (value !== undefined) map.delete(key);
  return value;
}
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= REMEMBERED) map.delete(map.keys().next().value!);
  map.set(key, value);
}
