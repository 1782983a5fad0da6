import type { ServerAddress } from "../api/server.ts";
import { Contender, installPeers } from "../contender.ts";
import type { Figure } from "../main.ts";
import type { SyncResult } from "./informer-contender.ts";

const RATIO_GOAL = 1.3;
const KIB_GOAL = { full: 6.5, metadata: 0.8 };
const ROUNDS = 3;
const WAYS = ["list", "watchlist"] as const;

/**
 * An informer from its start to synced, and the heap that each object then costs, beside a process that reads the same
 * bytes with bare undici and parses them, and beside client-node's informer. A new process for each; of the rounds, which alternate,
 * the least disturbed one counts.
 */
export async function run(): Promise<Figure[]> {
  installPeers();
  const figures: Figure[] = [];
  for (const pods of [10_000, 50_000]) {
    const server = Contender.start("api/server.ts");
    try {
      const address = await server.ask<ServerAddress>({ pods });
      const size = `${pods.toLocaleString("en")} pods of ${(address.podBytes / 1024).toFixed(1)} KiB`;
      const results = await alternate(
        [...WAYS.flatMap((way) => [`wire-${way}`, `outrigger-${way}`]), "outrigger-metadata", "client-node"],
        address,
        pods,
      );
      const peer = results.get("client-node")!;
      for (const way of WAYS) {
        const [wire, ours] = [results.get(`wire-${way}`), results.get(`outrigger-${way}`)];
        figures.push({
          what: `informer over ${size}, ${way === "list" ? "pages of LIST" : "WatchList"}: time to synced`,
          value: `${(ours!.ms / wire!.ms).toFixed(2)} × wire and JSON.parse (${seconds(ours!)} against ${seconds(wire!)} s); client-node ${(peer.ms / wire!.ms).toFixed(1)} × (${seconds(peer)} s)`,
          goal: "≤ 1.3 ×",
          met: ours!.ms / wire!.ms <= RATIO_GOAL,
        });
        figures.push(memory(`informer over ${size}, ${way}: heap`, ours!, peer, KIB_GOAL.full));
      }
      figures.push(memory(`informer over ${size}, metadata only: heap`, results.get("outrigger-metadata")!, undefined, KIB_GOAL.metadata));
    } finally {
      await server.end();
    }
  }
  return figures;
}

function memory(what: string, { kibPerObject }: SyncResult, peer: SyncResult | undefined, goal: number): Figure {
  const beside = peer ? `; client-node ${peer.kibPerObject.toFixed(2)}` : "";
  return { what, value: `${kibPerObject.toFixed(2)} KiB an object${beside}`, goal: `≤ ${goal} KiB`, met: kibPerObject <= goal };
}

const seconds = ({ ms }: SyncResult): string => (ms / 1000).toFixed(2);

async function alternate(names: readonly string[], address: ServerAddress, pods: number): Promise<ReadonlyMap<string, SyncResult>> {
  const best = new Map<string, SyncResult>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) {
      const contender = Contender.start("runtime/informer-contender.ts", [name]);
      try {
        const { ms, kibPerObject } = await contender.ask<SyncResult>({ address, pods });
        const before = best.get(name) ?? { ms, kibPerObject };
        best.set(name, { ms: Math.min(ms, before.ms), kibPerObject: Math.min(kibPerObject, before.kibPerObject) });
      } finally {
        await contender.end();
      }
    }
  }
  return best;
}
