import { connect } from "@outrigger/kit/client";
import { controller } from "@outrigger/kit/controller";
import { Pod } from "@outrigger/kit/kinds";
import { manager } from "@outrigger/kit/manager";
import type { ServerAddress } from "../api/server.ts";
import { answerWith } from "../contender.ts";

/** Milliseconds by the clock, and of the processor (all threads of this process). */
export interface ReconcileCost {
  readonly ms: number;
  readonly cpuMs: number;
}

answerWith(async ({ address, objects }: { address: ServerAddress; objects: number }): Promise<ReconcileCost> => {
  const client = connect({ text: address.kubeconfig });
  const all = Promise.withResolvers<number>();
  const seen = new Set<string>();
  const pods = controller(Pod, { workers: 10 }).reconcile(async (pod) => {
    seen.add(pod.metadata.uid);
    if (seen.size === objects) all.resolve(performance.now());
  });
  const before = process.cpuUsage();
  const start = performance.now();
  manager({ client, controllers: [pods], log: false })
    .run()
    .catch(all.reject);
  const ms = (await all.promise) - start;
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1000 };
});
