import type { SoakCluster } from "./cluster.ts";
import type { Disturbances } from "./disturbances.ts";
import type { SpoilingProxy } from "./proxy.ts";
import type { Random } from "./random.ts";

const FIRST_RESTART_MS = 25_000;
const RESTART_EVERY_MS = 150_000;
/** Nothing more begins this long before the end, milliseconds. */
const LAST_MS = 15_000;

/** What happens to the server itself, one thing after the other: nothing listens for a while, or it is started anew. */
export class Accidents {
  restarts = 0;
  readonly #running: Promise<void>;
  #on = true;

  constructor(cluster: SoakCluster, proxy: SpoilingProxy, disturbances: Disturbances, random: Random, durationMs: number) {
    this.#running = this.#befall(cluster, proxy, disturbances, random, durationMs);
  }

  async stop(): Promise<void> {
    this.#on = false;
    await this.#running;
  }

  async #befall(cluster: SoakCluster, proxy: SpoilingProxy, disturbances: Disturbances, random: Random, durationMs: number): Promise<void> {
    const began = Date.now();
    let awayAt = began + random.between(5000, 12_000);
    let restartAt = began + FIRST_RESTART_MS;
    while (this.#on) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      const now = Date.now();
      if (now > began + durationMs - LAST_MS) continue;
      if (cluster.restart && now > restartAt) {
        await cluster.restart();
        this.restarts++;
        restartAt = Date.now() + RESTART_EVERY_MS;
      } else if (now > awayAt) {
        await proxy.away(random.between(200, 3000));
        disturbances.count("connections refused");
        // Rarely enough that some streams live until they are quiet.
        awayAt = Date.now() + random.between(20_000, 150_000);
      }
    }
  }
}
