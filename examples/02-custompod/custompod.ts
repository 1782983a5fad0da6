import { controller, type Desired, defineResource, type Observed, Pod, t } from "@outrigger/kit";

/** So many pods of one kind, as a ReplicaSet has them, with names that stay: `NAME-0`, `NAME-1`, … */
export const CustomPod = defineResource({
  group: "zhhnzw.mock.com",
  version: "v1",
  kind: "CustomPod",
  spec: t.Object({
    replicas: t.Integer({ minimum: 0, maximum: 1000 }),
    image: t.Default(t.String({ minLength: 1 }), "registry.k8s.io/pause:3.10"),
  }),
  status: t.Object({
    replicas: t.Integer({ description: "how many pods run" }),
    podNames: t.Array(t.String(), { description: "the pods that run" }),
  }),
  scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
  columns: [
    { name: "Desired", type: "integer", jsonPath: ".spec.replicas" },
    { name: "Running", type: "integer", jsonPath: ".status.replicas" },
  ],
});

export const customPods = controller(CustomPod)
  .owns(Pod)
  .reconcile(async (customPod, ctx) => {
    // From here on the garbage collector decides what becomes of the pods.
    if (customPod.metadata.deletionTimestamp) return;
    for (const pod of ctx.owned(Pod)) if (hasEnded(pod)) await ctx.delete(pod);
    await ctx.apply(podsFor(customPod), { prune: [Pod] });
    const running = ctx.owned(Pod).filter(isRunning);
    await ctx.status({ replicas: running.length, podNames: running.map(({ metadata }) => metadata.name).sort() });
  });

function podsFor({ metadata, spec }: Observed<typeof CustomPod>): Desired<typeof Pod>[] {
  return Array.from({ length: spec.replicas }, (_, ordinal) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${metadata.name}-${ordinal}`, labels: { custompod: metadata.name } },
    spec: { containers: [{ name: "main", image: spec.image }] },
  }));
}

function isRunning({ metadata, status }: Observed<typeof Pod>): boolean {
  return status?.phase === "Running" && metadata.deletionTimestamp === undefined;
}

/** Such a pod never runs again (it was evicted, say), and keeps its name from the next one until it is deleted. */
function hasEnded({ metadata, status }: Observed<typeof Pod>): boolean {
  return (status?.phase === "Failed" || status?.phase === "Succeeded") && metadata.deletionTimestamp === undefined;
}
