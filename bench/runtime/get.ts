import type { ServerAddress } from "../api/server.ts";
import { Contender, installPeers, median } from "../contender.ts";
import type { Figure } from "../main.ts";
import type { RoundCost } from "./get-contender.ts";

const GOAL = 1.1;
const MIN_ROUNDS = 30;
/** Requests of a round: few, so that the rounds of the contenders see the same load. */
const REQUESTS = { undici: 100, outrigger: 100, "client-node": 20 };
const NAMES = ["undici", "outrigger", "client-node"] as const;
type Name = (typeof NAMES)[number];

/** Milliseconds for a GET of one pod over keep-alive TLS, one after the other. Rounds of the contenders alternate; the ratio is the median over neighbouring rounds. */
export async function run(seconds: number): Promise<Figure[]> {
  installPeers();
  const server = Contender.start("api/server.ts");
  const contenders = new Map(NAMES.map((name) => [name, Contender.start("runtime/get-contender.ts", [name])]));
  try {
    const address = await server.ask<ServerAddress>({ pods: 1 });
    for (const contender of contenders.values()) await contender.ask({ address, requests: 1500 });
    const rounds: Record<Name, RoundCost>[] = [];
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until || rounds.length < MIN_ROUNDS) {
      const round: Partial<Record<Name, RoundCost>> = {};
      for (const [name, contender] of contenders) round[name] = await contender.ask<RoundCost>({ address, requests: REQUESTS[name] });
      rounds.push(round as Record<Name, RoundCost>);
    }
    const ratio = (name: Name, cost: keyof RoundCost): number => median(rounds.map((round) => round[name][cost] / round.undici[cost]));
    const ms = (name: Name): string => `${median(rounds.map((round) => round[name].ms)).toFixed(3)} ms`;
    return [
      {
        what: `GET of a ${(address.podBytes / 1024).toFixed(1)} KiB pod over keep-alive TLS, one after the other (${rounds.length} rounds)`,
        value:
          `${ratio("outrigger", "ms").toFixed(2)} × bare undici (${ms("outrigger")} against ${ms("undici")}), processor time ${ratio("outrigger", "cpuMs").toFixed(2)} ×; ` +
          `@kubernetes/client-node ${ratio("client-node", "ms").toFixed(1)} × (${ms("client-node")}), processor time ${ratio("client-node", "cpuMs").toFixed(1)} ×`,
        goal: "≤ 1.1 ×",
        met: ratio("outrigger", "ms") <= GOAL,
      },
    ];
  } finally {
    await Promise.all([server, ...contenders.values()].map((each) => each.end()));
  }
}
