import { type InformerOptions, informers } from "@outrigger/kit/cache";
import { connect } from "@outrigger/kit/client";
import { Pod } from "@outrigger/kit/kinds";
import { allFeatures } from "../../packages/operator/src/manager/features.ts";
import type { ServerAddress } from "../api/server.ts";
import { answerWith, settledHeap } from "../contender.ts";

export interface MemoryResult {
  /** Informers of pods that were opened. */
  readonly informers: number;
  readonly kibPerPod: number;
}

/** What the manager's features declare that they watch of pods, read from the declarations themselves. */
function declared(): readonly InformerOptions[] {
  const features = allFeatures({ namespace: "outrigger-system", excludedNamespaces: [] } as never);
  return features
    .filter(({ optional }) => optional !== true)
    .flatMap(({ controllers = [], reads = [] }) => [
      ...controllers.flatMap(({ plan }) =>
        plan.sources.filter(({ resource }) => resource.plural === Pod.plural).map(({ select }) => select),
      ),
      ...reads.filter(({ resource }) => resource.plural === Pod.plural).map(({ options = {} }) => options),
    ]);
}

const ways: Record<string, () => readonly InformerOptions[]> = { manager: declared, whole: () => [{}] };

answerWith(async ({ address, pods }: { address: ServerAddress; pods: number }): Promise<MemoryResult> => {
  const client = connect({ text: address.kubeconfig });
  await client.list(Pod, { limit: 1 });
  const selects = ways[process.argv[2]!]!();
  const before = settledHeap();
  const all = informers(client, { watchList: true });
  const opened = new Set(selects.map((select) => all.for(Pod, select)));
  all.start();
  for (const informer of opened) await informer.synced();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const kibPerPod = (settledHeap() - before) / 1024 / pods;
  for (const informer of opened)
    if (informer.lister.list().length !== pods) throw new Error(`${informer.lister.list().length} of ${pods} pods`);
  return { informers: opened.size, kibPerPod };
});
