/**
 * The work queue between informers and reconciles, with client-go's semantics (`util/workqueue`) and controller-runtime's priorities.
 *
 * Guarantees
 * - A key is handed to one worker at a time; added while it is processed, it is handed out once more after `done`.
 * - However often a key is added before it is handed out, it is handed out once.
 * - Higher priority first; among equals, first added first. A rise in priority moves a waiting key, a fall does not. A key that its
 *   worker puts back (`addAfter`, `addRateLimited`) keeps the priority it had; one that changes meanwhile (`add`) has priority 0.
 * - `addAfter`: of several delays for one key the earliest ends, and the others are forgotten; the highest priority counts.
 * - `addRateLimited`: 5 ms, doubled with each failure of that key, up to 1000 s; `forget` begins anew.
 * - After `shutDown` nothing is added and delayed keys are dropped; what is queued is still handed out, then `get` gives `undefined`.
 *   `shutDownWithDrain` resolves when the last key is done.
 *
 * Assumptions
 * - `done` is called once for each key that `get` gave. Keys are compared as `Map` compares them: use strings.
 *
 * Caveats
 * - No I/O, no promises on the fast path: `tryGet` and `done` are plain calls.
 * - No limit over all keys unless a `BucketLimit` is given (client-go's is 10 a second): a server protects itself with 429, which the client obeys.
 * - Low priorities may wait as long as higher ones keep coming.
 */
export { type Clock, FakeClock, systemClock } from "./clock.ts";
export { GrowingDelay, type GrowingDelayOptions } from "./jitter.ts";
export { LongTimer, timeoutSignal } from "./long-timer.ts";
export { type BackoffOptions, BucketLimit, type BucketOptions, ExponentialBackoff, type RateLimiter } from "./rate-limit.ts";
export { type AddOptions, INITIAL_LIST_PRIORITY, type QueueObserver, WorkQueue, type WorkQueueOptions } from "./work-queue.ts";
