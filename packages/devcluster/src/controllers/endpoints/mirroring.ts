import { isDeepStrictEqual } from "node:util";
import { objectKey, ownerReference } from "@outrigger/kit/api";
import { controller, startController } from "@outrigger/kit/controller";
import { EndpointSlice, Endpoints, Service } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { againAfterConflict, MANAGER, refusesContent } from "../writes.ts";

const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const SERVICE_NAME = "kubernetes.io/service-name";
const SKIP = "endpointslice.kubernetes.io/skip-mirror";
const NAME = "endpointslicemirroring-controller.k8s.io";
const LEADER = "control-plane.alpha.kubernetes.io/leader";
/** What kubectl keeps for itself. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

interface Address {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: object;
}

/** Mirrors Endpoints that somebody wrote for a Service without selector into EndpointSlices (`pkg/controller/endpointslicemirroring`). */
export const endpointSliceMirroringLoop: Loop = ({ client, informers, log }) => {
  const loop = controller(Endpoints, { name: "endpointslicemirroring-controller", fieldManager: MANAGER })
    .owns(EndpointSlice)
    .watches(Service, (service) => [objectKey(service)])
    .reconcile(
      againAfterConflict(async (endpoints, ctx) => {
        if (endpoints.metadata.deletionTimestamp !== undefined) return;
        const service = ctx.get(Service, objectKey(endpoints));
        const { labels = {}, annotations = {} } = endpoints.metadata;
        const mirrored =
          service !== undefined &&
          Object.keys(service.spec.selector ?? {}).length === 0 &&
          labels[SKIP] !== "true" &&
          annotations[LEADER] === undefined;
        const present = ctx.owned(EndpointSlice);
        const wanted = mirrored ? slicesOf(endpoints) : [];
        const left = [...present];
        for (const content of wanted) {
          const at = left.findIndex(
            (slice) => slice.addressType === content.addressType && isDeepStrictEqual(slice.ports ?? [], content.ports),
          );
          const [slice] = at < 0 ? left.splice(0, left.length > 0 && wanted.length === 1 ? 1 : 0) : left.splice(at, 1);
          const metadata = metadataOf(endpoints);
          try {
            if (!slice) await ctx.create(EndpointSlice, { ...HEAD, metadata, ...content } as never);
            else if (!isDeepStrictEqual(slice.endpoints, content.endpoints) || !isDeepStrictEqual(slice.ports, content.ports)) {
              const { generateName: _made, ...kept } = metadata;
              const { name, uid, resourceVersion } = slice.metadata;
              await client.update(EndpointSlice, { ...HEAD, metadata: { ...kept, name, uid, resourceVersion }, ...content } as never);
            }
          } catch (error) {
            if (!refusesContent(error)) throw error;
          }
        }
        for (const slice of left) await ctx.delete(slice);
      }),
    );
  return startController(loop, { client, informers, log });
};

const HEAD = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" };

function metadataOf(endpoints: Endpoints) {
  const { name, namespace, labels, annotations: { [LAST_APPLIED]: _own, ...annotations } = {} } = endpoints.metadata;
  return {
    generateName: `${name}-`,
    namespace,
    labels: { ...labels, [MANAGED_BY]: NAME, [SERVICE_NAME]: name },
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    ownerReferences: [ownerReference(endpoints)],
  };
}

/** One slice for each subset and family of addresses. */
function slicesOf({ subsets = [] }: Endpoints): { addressType: string; endpoints: object[]; ports: readonly unknown[] }[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const all = [
      ...(addresses as readonly Address[]).map((address) => ({ address, ready: true })),
      ...(notReadyAddresses as readonly Address[]).map((address) => ({ address, ready: false })),
    ];
    return ["IPv4", "IPv6"].flatMap((addressType) => {
      const own = all.filter(({ address }) => address.ip.includes(":") === (addressType === "IPv6"));
      if (own.length === 0) return [];
      const endpoints = own.map(({ address: { ip, hostname, nodeName, targetRef }, ready }) => ({
        addresses: [ip],
        conditions: { ready },
        ...(hostname ? { hostname } : {}),
        ...(nodeName ? { nodeName } : {}),
        ...(targetRef ? { targetRef } : {}),
      }));
      return [{ addressType, endpoints, ports }];
    });
  });
}
