import type { ServerAddress } from "../api/server.ts";
import { Contender, installPeers, median } from "../contender.ts";
import type { Figure } from "../main.ts";
import type { SyncResult } from "./informer-contender.ts";

const RATIO_GOAL = 1.3;
const KIB_GOAL = { full: 6.5, metadata: 0.8 };
const ROUNDS = 3;

/**
 * An informer from its start to synced, and the heap that each object then costs, beside a process that reads the same
 * bytes with bare undici and parses them, and beside client-node's informer. A new process for each; medians count.
 */
export async function run(): Promise<Figure[]> {
  installPeers();
  const figures: Figure[] = [];
  for (const pods of [10_000, 50_000]) {
    const server = Contender.start("api/server.ts");
    try {
      const address = await server.ask<ServerAddress>({ pods });
      const size = `${pods.toLocaleString("en")} pods of ${(address.podBytes / 1024).toFixed(1)} KiB`;
      const peer = await measure("client-node", address, pods, 1);
      for (const way of ["list", "watchlist"] as const) {
        const [wire, ours] = await alternate([`wire-${way}`, `outrigger-${way}`], address, pods);
        figures.push({
          what: `informer over ${size}, ${way === "list" ? "pages of LIST" : "WatchList"}: time to synced`,
          value: `${(ours!.ms / wire!.ms).toFixed(2)} × wire and JSON.parse (${seconds(ours!)} against ${seconds(wire!)} s); client-node ${(peer.ms / wire!.ms).toFixed(1)} × (${seconds(peer)} s)`,
          goal: "≤ 1.3 ×",
          met: ours!.ms / wire!.ms <= RATIO_GOAL,
        });
        figures.push(memory(`informer over ${size}, ${way}: heap`, ours!, peer, KIB_GOAL.full));
      }
      const metadata = await measure("outrigger-metadata", address, pods);
      figures.push(memory(`informer over ${size}, metadata only: heap`, metadata, undefined, KIB_GOAL.metadata));
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

async function alternate(names: readonly string[], address: ServerAddress, pods: number): Promise<SyncResult[]> {
  const results: SyncResult[][] = names.map(() => []);
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, name] of names.entries()) results[index]!.push(await measure(name, address, pods, 1));
  return results.map(middle);
}

async function measure(name: string, address: ServerAddress, pods: number, rounds = ROUNDS): Promise<SyncResult> {
  const results: SyncResult[] = [];
  for (let round = 0; round < rounds; round++) {
    const contender = Contender.start("runtime/informer-contender.ts", [name]);
    try {
      results.push(await contender.ask<SyncResult>({ address, pods }));
    } finally {
      await contender.end();
    }
  }
  return middle(results);
}

function middle(results: readonly SyncResult[]): SyncResult {
  return { ms: median(results.map(({ ms }) => ms)), kibPerObject: median(results.map(({ kibPerObject }) => kibPerObject)) };
}
