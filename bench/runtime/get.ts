import type { ServerAddress } from "../api/server.ts";
import { Contender, installPeers } from "../contender.ts";
import type { Figure } from "../main.ts";

const GOAL = 1.1;
const REQUESTS = 300;
const MIN_ROUNDS = 10;

/** Milliseconds for a GET of one pod over keep-alive TLS, one after the other; rounds of three contenders alternate, and of each the least disturbed one counts. */
export async function run(seconds: number): Promise<Figure[]> {
  installPeers();
  const server = Contender.start("api/server.ts");
  const names = ["undici", "outrigger", "client-node"] as const;
  const contenders = names.map((name) => Contender.start("runtime/get-contender.ts", [name]));
  try {
    const address = await server.ask<ServerAddress>({ pods: 1 });
    for (const contender of contenders) await contender.ask({ address, requests: 2000 });
    const rounds: number[][] = names.map(() => []);
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until || rounds[0]!.length < MIN_ROUNDS)
      for (const [index, contender] of contenders.entries())
        rounds[index]!.push((await contender.ask<number>({ address, requests: REQUESTS })) / REQUESTS);
    const [bare = 0, ours = 0, peer = 0] = rounds.map((times) => Math.min(...times));
    const ratio = ours / bare;
    return [
      {
        what: `GET of a ${Math.round(address.podBytes / 102.4) / 10} KiB pod over keep-alive TLS, one after the other (${rounds[0]!.length} rounds of ${REQUESTS})`,
        value: `${ratio.toFixed(2)} × bare undici (${ours.toFixed(3)} against ${bare.toFixed(3)} ms); @kubernetes/client-node ${(peer / bare).toFixed(1)} × (${peer.toFixed(3)} ms)`,
        goal: "≤ 1.1 ×",
        met: ratio <= GOAL,
      },
    ];
  } finally {
    await Promise.all([server, ...contenders].map((each) => each.end()));
  }
}
