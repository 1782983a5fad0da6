import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { type Client, dynamicResource } from "@outrigger/kit/client";
import { controller, requeue, startController } from "@outrigger/kit/controller";
import { amountText, countedBy, usedBy } from "../../admission/index.ts";
import { ConfigMap, Deployment, PersistentVolumeClaim, Pod, ResourceQuota, Service } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { againAfterConflict, MANAGER, writeStatus } from "../writes.ts";

/** Objects of kinds that nothing here watches are counted again so often. */
const AGAIN_MS = 5_000;
const WATCHED: readonly string[] = ["pods", "services", "persistentvolumeclaims", "configmaps", "deployments"];

/** Keeps in each ResourceQuota what its namespace uses (`pkg/controller/resourcequota`). */
export const quotaLoop: Loop = ({ client, informers, log }) => {
  const quotas = informers.for(ResourceQuota);
  const inNamespace = ({ metadata }: { readonly metadata: { readonly namespace?: string } }) =>
    quotas.lister.list({ namespace: metadata.namespace ?? "" }).map(({ metadata: { name, namespace } }) => ({ name, namespace }));
  const loop = controller(ResourceQuota, { name: "resourcequota-controller", fieldManager: MANAGER, workers: 2 })
    .watches(Pod, inNamespace)
    .watches(Service, inNamespace)
    .watches(PersistentVolumeClaim, inNamespace)
    .watches(ConfigMap, inNamespace)
    .watches(Deployment, inNamespace)
    .reconcile(
      againAfterConflict(async (quota, ctx) => {
        const { hard = {} } = quota.spec;
        const counted = countedBy(Object.keys(hard));
        const objects = await listAll(client, quota.metadata.namespace, counted, ctx.signal);
        const used = usedBy({ list: (group, plural) => objects.get(`${group}/${plural}`) ?? [] }, quota as unknown as KubeObject);
        const status = {
          hard,
          used: Object.fromEntries(Object.entries(hard).map(([name, amount]) => [name, amountText(name, used[name] ?? 0, amount)])),
        };
        if (!isDeepStrictEqual(status, quota.status)) await writeStatus(client, ResourceQuota, quota, status, ctx.signal);
        return counted.every(([, plural]) => WATCHED.includes(plural)) ? undefined : requeue.after(AGAIN_MS);
      }),
    );
  return startController(loop, { client, informers, log });
};

async function listAll(
  client: Client,
  namespace: string,
  counted: ReturnType<typeof countedBy>,
  signal: AbortSignal,
): Promise<Map<string, readonly KubeObject[]>> {
  const served = await client.discover({ signal });
  const lists = await Promise.all(
    counted.map(async ([group, plural]) => {
      const found = served.find((one) => one.group === group && one.resource === plural && one.preferred && one.namespaced);
      // A kind that is not served has no objects.
      if (!found) return [`${group}/${plural}`, []] as const;
      const resource = dynamicResource(group === "" ? found.version : `${group}/${found.version}`, found.kind, plural, "Namespaced");
      const { items } = await client.list(resource, { namespace, signal });
      return [`${group}/${plural}`, items as unknown as readonly KubeObject[]] as const;
    }),
  );
  return new Map(lists);
}
