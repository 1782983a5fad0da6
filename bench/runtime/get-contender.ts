import { connect } from "@outrigger/kit/client";
import { Pod } from "@outrigger/kit/kinds";
import { Pool } from "undici";
import type { ServerAddress } from "../api/server.ts";
import { answerWith, clientNode } from "../contender.ts";

type Get = () => Promise<unknown>;
const makers: Record<string, (address: ServerAddress) => Get | Promise<Get>> = {
  undici({ url, ca }) {
    const pool = new Pool(url, { connect: { ca } });
    const path = "/api/v1/namespaces/team-0/pods/a";
    const headers = { accept: "application/json", authorization: "Bearer t", "user-agent": "bench" };
    return async () => {
      const { statusCode, body } = await pool.request({ method: "GET", path, headers });
      if (statusCode !== 200) throw new Error(String(statusCode));
      return body.json();
    };
  },
  outrigger({ kubeconfig }) {
    const client = connect({ text: kubeconfig });
    return () => client.get(Pod, { namespace: "team-0", name: "a" });
  },
  async "client-node"({ kubeconfig }) {
    const { KubeConfig, CoreV1Api } = await clientNode();
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const api = config.makeApiClient(CoreV1Api);
    return () => api.readNamespacedPod({ namespace: "team-0", name: "a" });
  },
};

/** What a round cost: milliseconds by the clock, and of this process's processor time. */
export interface RoundCost {
  readonly ms: number;
  readonly cpuMs: number;
}

let get: Get | undefined;
answerWith(async ({ address, requests }: { address: ServerAddress; requests: number }): Promise<RoundCost> => {
  get ??= await makers[process.argv[2]!]!(address);
  const before = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < requests; i++) await get();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { ms: ms / requests, cpuMs: (user + system) / 1000 / requests };
});
