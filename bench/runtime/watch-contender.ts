import { informers } from "@outrigger/kit/cache";
import { connect } from "@outrigger/kit/client";
import { Pod } from "@outrigger/kit/kinds";
import { Pool } from "undici";
import type { ServerAddress } from "../api/server.ts";
import { answerWith, clientNode } from "../contender.ts";

/** Follows, telling of each change as it is handled, until the process ends. */
type Follow = (handle: () => void) => unknown;

const makers: Record<string, (address: ServerAddress) => Follow | Promise<Follow>> = {
  wire: ({ url, ca }) => {
    const pool = new Pool(url, { connect: { ca } });
    return async (handle) => {
      const { body } = await pool.request({
        method: "GET",
        path: "/api/v1/pods?watch=true",
        headers: { authorization: "Bearer t" },
        bodyTimeout: 0,
      });
      let rest = "";
      body.setEncoding("utf8");
      for await (const chunk of body) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) {
          JSON.parse(line);
          handle();
        }
      }
    };
  },
  "outrigger watch": ({ kubeconfig }) => {
    const client = connect({ text: kubeconfig });
    return async (handle) => {
      for await (const _ of client.watch(Pod, { resourceVersion: "1" })) handle();
    };
  },
  "outrigger informer": (address) => informer(address, true),
  "outrigger informer that only looks": (address) => informer(address, false),
  async "client-node watch"({ kubeconfig }) {
    const { KubeConfig, Watch } = await clientNode();
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    return (handle) => new Watch(config).watch("/api/v1/pods", { resourceVersion: "1" }, handle, () => {});
  },
  async "client-node informer"({ kubeconfig }) {
    const { KubeConfig, CoreV1Api, makeInformer } = await clientNode();
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const api = config.makeApiClient(CoreV1Api);
    return (handle) => {
      const informer = makeInformer(config, "/api/v1/pods", () => api.listPodForAllNamespaces());
      informer.on("update", handle);
      return informer.start();
    };
  },
};

function informer({ kubeconfig }: ServerAddress, frozen: boolean): Follow {
  const client = connect({ text: kubeconfig });
  return (handle) => {
    const all = informers(client, { watchList: false });
    all.for(Pod).addHandler({ onUpdate: handle }, { frozen });
    all.start();
  };
}

/** What following cost: milliseconds by the clock, and of the processor (all threads of this process). */
export interface FollowCost {
  readonly ms: number;
  readonly cpuMs: number;
}

answerWith(async ({ address, events, warmUp }: { address: ServerAddress; events: number; warmUp: number }): Promise<FollowCost> => {
  const follow = await makers[process.argv[2]!]!(address);
  const { promise, resolve, reject } = Promise.withResolvers<FollowCost>();
  let seen = 0;
  let start = 0;
  let before: NodeJS.CpuUsage;
  const handle = (): void => {
    seen++;
    if (seen === warmUp) {
      start = performance.now();
      before = process.cpuUsage();
    } else if (seen === warmUp + events) {
      const { user, system } = process.cpuUsage(before);
      resolve({ ms: performance.now() - start, cpuMs: (user + system) / 1000 });
    }
  };
  void Promise.resolve(follow(handle)).catch(reject);
  return promise;
});
