import { informers } from "@outrigger/kit/cache";
import { connect } from "@outrigger/kit/client";
import { Pod } from "@outrigger/kit/kinds";
import { Pool } from "undici";
import type { ServerAddress } from "../api/server.ts";
import { answerWith, clientNode } from "../contender.ts";

/** Follows until `events` changes were handled. */
type Follow = (events: number) => Promise<void>;

const makers: Record<string, (address: ServerAddress) => Follow | Promise<Follow>> = {
  wire: ({ url, ca }) => {
    const pool = new Pool(url, { connect: { ca } });
    return async (events) => {
      const { body } = await pool.request({
        method: "GET",
        path: "/api/v1/pods?watch=true",
        headers: { authorization: "Bearer t" },
        bodyTimeout: 0,
      });
      let rest = "";
      let seen = 0;
      body.setEncoding("utf8");
      for await (const chunk of body) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) {
          JSON.parse(line);
          if (++seen === events) return;
        }
      }
    };
  },
  "outrigger watch": ({ kubeconfig }) => {
    const client = connect({ text: kubeconfig });
    return async (events) => {
      let seen = 0;
      for await (const _ of client.watch(Pod, { resourceVersion: "1" })) if (++seen === events) return;
    };
  },
  "outrigger informer": ({ kubeconfig }) => {
    const client = connect({ text: kubeconfig });
    return async (events) => {
      const all = informers(client, { watchList: false });
      const informer = all.for(Pod);
      const done = handled(events, (handle) => void informer.addHandler({ onUpdate: handle }));
      all.start();
      await done;
    };
  },
  async "client-node watch"({ kubeconfig }) {
    const { KubeConfig, Watch } = await clientNode();
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    return (events) =>
      handled(events, (handle) => void new Watch(config).watch("/api/v1/pods", { resourceVersion: "1" }, handle, () => {}));
  },
  async "client-node informer"({ kubeconfig }) {
    const { KubeConfig, CoreV1Api, makeInformer } = await clientNode();
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const api = config.makeApiClient(CoreV1Api);
    return (events) => {
      const informer = makeInformer(config, "/api/v1/pods", () => api.listPodForAllNamespaces());
      const done = handled(events, (handle) => informer.on("update", handle));
      void informer.start();
      return done;
    };
  },
};

function handled(events: number, start: (handle: () => void) => void): Promise<void> {
  let seen = 0;
  return new Promise((resolve) =>
    start(() => {
      if (++seen === events) resolve();
    }),
  );
}

answerWith(async ({ address, events }: { address: ServerAddress; events: number }): Promise<number> => {
  const follow = await makers[process.argv[2]!]!(address);
  const start = performance.now();
  await follow(events);
  return performance.now() - start;
});
