import { connect } from "@outrigger/kit/client";
import { controller } from "@outrigger/kit/controller";
import { Pod } from "@outrigger/kit/kinds";
import { manager } from "@outrigger/kit/manager";
import type { ServerAddress } from "../api/server.ts";
import { answerWith } from "../contender.ts";

answerWith(async ({ address, objects }: { address: ServerAddress; objects: number }): Promise<number> => {
  const client = connect({ text: address.kubeconfig });
  const all = Promise.withResolvers<number>();
  const seen = new Set<string>();
  const pods = controller(Pod, { workers: 10 }).reconcile(async (pod) => {
    seen.add(pod.metadata.uid);
    if (seen.size === objects) all.resolve(performance.now());
  });
  const start = performance.now();
  manager({ client, controllers: [pods], log: false })
    .run()
    .catch(all.reject);
  return (await all.promise) - start;
});
