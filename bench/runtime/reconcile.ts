import type { ServerAddress } from "../api/server.ts";
import { Contender, median } from "../contender.ts";
import type { Figure } from "../main.ts";

const OBJECTS = 10_000;
const GOAL_MS = 2000;
const ROUNDS = 3;

/** From `run()` of a manager with an empty cache to the last of 10,000 reconciles that do nothing, with 10 workers. */
export async function run(): Promise<Figure[]> {
  const server = Contender.start("api/server.ts");
  try {
    const address = await server.ask<ServerAddress>({ pods: OBJECTS });
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const contender = Contender.start("runtime/reconcile-contender.ts");
      try {
        times.push(await contender.ask<number>({ address, objects: OBJECTS }));
      } finally {
        await contender.end();
      }
    }
    const ms = median(times);
    return [
      {
        what: `${OBJECTS.toLocaleString("en")} no-op reconciles of ${(address.podBytes / 1024).toFixed(1)} KiB pods from a cold start, 10 workers`,
        value: `${(ms / 1000).toFixed(2)} s`,
        goal: "≤ 2 s",
        met: ms <= GOAL_MS,
      },
    ];
  } finally {
    await server.end();
  }
}
