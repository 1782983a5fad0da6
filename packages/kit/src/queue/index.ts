/**
 * The work queue between informers and reconciles, with client-go's semantics (`util/workqueue`).
 *
 * Guarantees
 * - A key is handed to one worker at a time; added while it is processed, it is handed out once more after `done`.
 * - However often a key is added before it is handed out, it is handed out once.
 * - Higher priority first; among equals, first added first. A rise in priority moves a waiting key, a fall does not.
 * - `addAfter`: of several delays for one key the earliest ends, and the others are forgotten.
 * - After `shutDown` nothing is added; what is queued is still handed out, then `get` gives `undefined`.
 *
 * Assumptions
 * - `done` is called once for each key that `get` gave. Keys are compared as `Map` compares them: use strings.
 *
 * Caveats
 * - No I/O, no promises on the fast path: `tryGet` and `done` are plain calls.
 */
export { type Clock, FakeClock, systemClock } from "./clock.ts";
export { GrowingDelay, type GrowingDelayOptions } from "./jitter.ts";
export { type BackoffOptions, ExponentialBackoff, type RateLimiter } from "./rate-limit.ts";
export { type AddOptions, INITIAL_LIST_PRIORITY, type QueueObserver, WorkQueue, type WorkQueueOptions } from "./work-queue.ts";
