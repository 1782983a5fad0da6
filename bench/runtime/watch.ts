import type { ServerAddress } from "../api/server.ts";
import { Contender, installPeers, median } from "../contender.ts";
import type { Figure } from "../main.ts";

const EVENTS = 20_000;
const ROUNDS = 3;
const NAMES = ["wire", "outrigger watch", "outrigger informer", "client-node watch", "client-node informer"] as const;

/** Events of 4 KiB pods from the socket to the handler, as fast as they come, beside a process that reads and parses the same lines. */
export async function run(): Promise<Figure[]> {
  installPeers();
  const server = Contender.start("api/server.ts");
  try {
    const address = await server.ask<ServerAddress>({ pods: 1000, changes: EVENTS });
    const rates = new Map<string, number[]>(NAMES.map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of NAMES) {
        const contender = Contender.start("runtime/watch-contender.ts", [name]);
        try {
          rates.get(name)!.push((EVENTS * 1000) / (await contender.ask<number>({ address, events: EVENTS })));
        } finally {
          await contender.end();
        }
      }
    }
    const of = (name: (typeof NAMES)[number]): number => median(rates.get(name)!);
    const show = (name: (typeof NAMES)[number]): string => Math.round(of(name)).toLocaleString("en");
    const figure = (kind: "watch" | "informer"): Figure => ({
      what: `${kind}: events of ${(address.podBytes / 1024).toFixed(1)} KiB pods from socket to handler`,
      value: `${show(`outrigger ${kind}`)} events/s, ${(of(`outrigger ${kind}`) / of("wire")).toFixed(2)} × wire and JSON.parse (${show("wire")}); client-node ${show(`client-node ${kind}`)}`,
      goal: `more than client-node`,
      met: of(`outrigger ${kind}`) > of(`client-node ${kind}`),
    });
    return [figure("watch"), figure("informer")];
  } finally {
    await server.end();
  }
}
