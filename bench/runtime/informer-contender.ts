import { informers } from "@outrigger/kit/cache";
import { connect } from "@outrigger/kit/client";
import { Pod } from "@outrigger/kit/kinds";
import { Pool } from "undici";
import type { ServerAddress } from "../api/server.ts";
import { answerWith, clientNode, settledHeap } from "../contender.ts";

export interface SyncResult {
  readonly ms: number;
  readonly kibPerObject: number;
}
/** Reads everything; what it gives holds it, and can count it afterwards. */
type Sync = () => Promise<{ readonly count: () => number }>;

const HEADERS = { accept: "application/json", authorization: "Bearer t" };
/** Each is connected, and has listed one pod: what that costs is no matter of the objects'. */
const makers: Record<string, (address: ServerAddress) => Sync | Promise<Sync>> = {
  /** The floor: the same pages, parsed and kept. */
  "wire-list": async (address) => {
    const pool = await wire(address);
    return async () => {
      const objects: unknown[] = [];
      for (let token = ""; ; ) {
        const path = `/api/v1/pods?limit=500${token ? `&continue=${token}` : ""}`;
        const { body } = await pool.request({ method: "GET", path, headers: HEADERS });
        const page = JSON.parse(await body.text()) as { items: unknown[]; metadata: { continue?: string } };
        for (const item of page.items) objects.push(item);
        if (!page.metadata.continue) return { count: () => objects.length };
        token = page.metadata.continue;
      }
    };
  },
  /** The floor: the same stream, cut into lines, parsed and kept. */
  "wire-watchlist": async (address) => {
    const pool = await wire(address);
    return async () => {
      const objects: unknown[] = [];
      const { body } = await pool.request({
        method: "GET",
        path: "/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
        headers: HEADERS,
        bodyTimeout: 0,
      });
      let rest = "";
      body.setEncoding("utf8");
      for await (const chunk of body) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) {
          const { type, object } = JSON.parse(line) as { type: string; object: unknown };
          if (type === "BOOKMARK") return { count: () => objects.length };
          objects.push(object);
        }
      }
      throw new Error("the stream ended");
    };
  },
  "outrigger-list": (address) => ours(address, { watchList: false }),
  "outrigger-watchlist": (address) => ours(address, { watchList: true }),
  "outrigger-metadata": (address) => ours(address, { watchList: true, metadataOnly: true }),
  async "client-node"({ kubeconfig }) {
    const { KubeConfig, CoreV1Api, makeInformer } = await clientNode();
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const api = config.makeApiClient(CoreV1Api);
    await api.listPodForAllNamespaces({ limit: 1 });
    return async () => {
      const informer = makeInformer(config, "/api/v1/pods", () => api.listPodForAllNamespaces());
      informer.on("error", () => {});
      await informer.start();
      return { count: () => informer.list().length };
    };
  },
};

async function wire({ url, ca }: ServerAddress): Promise<Pool> {
  const pool = new Pool(url, { connect: { ca } });
  await (await pool.request({ method: "GET", path: "/api/v1/pods?limit=1", headers: HEADERS })).body.text();
  return pool;
}

async function ours(
  { kubeconfig }: ServerAddress,
  { watchList, metadataOnly = false }: { watchList: boolean; metadataOnly?: boolean },
): Promise<Sync> {
  const client = connect({ text: kubeconfig });
  await client.list(Pod, { limit: 1 });
  return async () => {
    const all = informers(client, { watchList });
    const informer = all.for(Pod, { metadataOnly });
    all.start();
    await informer.synced();
    return { count: () => informer.lister.list().length };
  };
}

answerWith(async ({ address, pods }: { address: ServerAddress; pods: number }): Promise<SyncResult> => {
  const sync = await makers[process.argv[2]!]!(address);
  const before = settledHeap();
  const start = performance.now();
  const result = await sync();
  const ms = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const kibPerObject = (settledHeap() - before) / 1024 / pods;
  if (result.count() !== pods) throw new Error(`${result.count()} of ${pods} objects`);
  return { ms, kibPerObject };
});
