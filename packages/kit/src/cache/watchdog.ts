import { LongTimer } from "../queue/index.ts";

/** The stream did not end by itself: this side ended it, because nothing came any more. */
export class QuietError extends Error {
  override readonly name = "QuietError";
}

/** Ends a stream that is silent for too long, goes on past its own end, or does not reach what it promised. Times in milliseconds; 0 is for ever. */
export class Watchdog {
  readonly #end: (error: QuietError) => void;
  readonly #life: LongTimer;
  #quietMs: number;
  #quiet: LongTimer | undefined;
  #promise: LongTimer | undefined;

  constructor(lifeMs: number, quietMs: number, end: (error: QuietError) => void) {
    this.#end = end;
    this.#life = new LongTimer(() => end(new QuietError("the stream went on past its own end")), lifeMs);
    this.#quietMs = quietMs;
    this.#arm();
  }

  /** Something came. */
  heard(): void {
    this.#quiet?.refresh();
  }
  /** From now on silence may last this long. */
  expect(quietMs: number): void {
    if (quietMs === this.#quietMs) {
      this.heard();
    } else {
      this.#quietMs = quietMs;
      this.#arm();
    }
  }
  /** Within this time `kept` must be called; a second promise does not move the first. */
  promise(ms: number): void {
    this.#promise ??= new LongTimer(() => this.#end(new QuietError(`what was to come did not come in ${ms} ms`)), ms);
  }
  kept(): void {
    this.#promise?.cancel();
    this.#promise = undefined;
  }
  /** Nobody listens for a while: silence means nothing until `listen`. */
  deaf(): void {
    this.#quiet?.cancel();
    this.#quiet = undefined;
  }
  /** Listening goes on. */
  listen(): void {
    this.#arm();
  }
  stop(): void {
    this.#life.cancel();
    this.#quiet?.cancel();
    this.#promise?.cancel();
  }

  #arm(): void {
    this.#quiet?.cancel();
    const ms = this.#quietMs;
    this.#quiet = ms > 0 ? new LongTimer(() => this.#end(new QuietError(`nothing came for ${ms} ms`)), ms) : undefined;
  }
}
