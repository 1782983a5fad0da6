import type { ServerAddress } from "../api/server.ts";
import { Contender, installPeers } from "../contender.ts";
import type { Figure } from "../main.ts";
import type { FollowCost } from "./watch-contender.ts";

const EVENTS = 20_000;
/** Handled before the clock starts: connecting, the first list and cold code are another benchmark's. */
const WARM_UP = 5000;
const ROUNDS = 4;
const WATCH_GOAL = 0.8;
/** An informer also keeps what it hears (that alone costs a quarter), trims it, freezes it and tells each handler in turn. */
const INFORMER_GOAL = 0.5;
const NAMES = [
  "wire",
  "outrigger watch",
  "outrigger informer",
  "outrigger informer that only looks",
  "client-node watch",
  "client-node informer",
] as const;
type Name = (typeof NAMES)[number];

/**
 * Events of 4 KiB pods from the socket to the handler, as fast as they come, beside a process that reads and parses the
 * same lines. The least disturbed round of each counts.
 */
export async function run(): Promise<Figure[]> {
  installPeers();
  const server = Contender.start("api/server.ts");
  try {
    const address = await server.ask<ServerAddress>({ pods: 1000, changes: WARM_UP + EVENTS });
    const costs = new Map<string, FollowCost[]>(NAMES.map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of NAMES) {
        const contender = Contender.start("runtime/watch-contender.ts", [name]);
        try {
          costs.get(name)!.push(await contender.ask<FollowCost>({ address, events: EVENTS, warmUp: WARM_UP }));
        } finally {
          await contender.end();
        }
      }
    }
    const ms = (name: Name): number => Math.min(...costs.get(name)!.map((cost) => cost.ms));
    const cpu = (name: Name): number => Math.min(...costs.get(name)!.map((cost) => cost.cpuMs)) / EVENTS;
    const rate = (name: Name): string => Math.round((EVENTS * 1000) / ms(name)).toLocaleString("en");
    const figure = (ours: Name, peer: Name, what: string, goal: number): Figure => ({
      what: `${what}: events of ${(address.podBytes / 1024).toFixed(1)} KiB pods from socket to handler`,
      value:
        `${rate(ours)} events/s, ${(ms("wire") / ms(ours)).toFixed(2)} × wire and JSON.parse (${rate("wire")}); client-node ${rate(peer)}; ` +
        `processor time of an event ${(cpu(ours) / cpu("wire")).toFixed(2)} × wire, client-node ${(cpu(peer) / cpu("wire")).toFixed(2)} ×`,
      goal: `≥ ${goal} × wire`,
      met: ms("wire") / ms(ours) >= goal,
    });
    return [
      figure("outrigger watch", "client-node watch", "watch", WATCH_GOAL),
      figure("outrigger informer", "client-node informer", "informer, objects frozen", INFORMER_GOAL),
      figure("outrigger informer that only looks", "client-node informer", "informer, a handler that only looks", INFORMER_GOAL),
    ];
  } finally {
    await server.end();
  }
}
