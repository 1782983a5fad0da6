import { isDeepStrictEqual } from "node:util";
import { type ObjectKey, objectKey, ownerReference } from "@outrigger/kit/api";
import type { Informers } from "@outrigger/kit/cache";
import { AlreadyExistsError, NotFoundError } from "@outrigger/kit/client";
import { type Context, controller, requeue, startController } from "@outrigger/kit/controller";
import { EndpointSlice, Endpoints, Node, Pod, Service } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { isReady } from "../pods/index.ts";
import { Rest } from "../rest.ts";
import { againAfterConflict, difference, MANAGER, refusesContent } from "../writes.ts";
import { type Backend, backendsOf, isHeadless } from "./addresses.ts";
import { assign, contentsOf, type SliceContent } from "./slices.ts";
import { subsetsOf } from "./subsets.ts";

const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";
const HEADLESS = "service.kubernetes.io/headless";
const SERVICE_NAME = "kubernetes.io/service-name";
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const SLICE_CONTROLLER = "endpointslice-controller.k8s.io";
const ENDPOINTS_MANAGED_BY = "endpoints.kubernetes.io/managed-by";

/** Endpoints of Services that select pods, as the older kind that some still read. */
export const endpointsLoop: Loop = ({ client, informers, log }) => {
  const rest = new Rest();
  const services = informers.for(Service);
  const loop = controller(Service, { name: "endpoint-controller", fieldManager: MANAGER, workers: 2 })
    .watches(Pod, (now, before) => selecting(informers, now, before))
    .uses(Endpoints)
    .uses(Node)
    .reconcile(
      againAfterConflict(async (service, ctx) => {
        const left = rest.left(service.metadata.uid);
        if (left !== undefined) return requeue.after(left);
        const backends = backendsFor(service, ctx, rest);
        if (!backends) return;
        const key = objectKey(service);
        const found = ctx.get(Endpoints, key);
        const subsets = subsetsOf(service, backends);
        const labels = {
          ...service.metadata.labels,
          [ENDPOINTS_MANAGED_BY]: "endpoint-controller",
          ...(isHeadless(service) ? { [HEADLESS]: "" } : {}),
        };
        if (found && isDeepStrictEqual(found.subsets ?? [], subsets) && isDeepStrictEqual(found.metadata.labels, labels)) return;
        const { [TRIGGER_TIME]: _, ...kept } = found?.metadata.annotations ?? {};
        const at = found ? lastReady(backends, found.subsets !== undefined) : service.metadata.creationTimestamp;
        const annotations = { ...kept, ...(at ? { [TRIGGER_TIME]: at } : {}) };
        const filled = subsets.length > 0 ? { subsets } : {};
        if (found) {
          const { subsets: _before, ...bare } = found;
          await ctx.patch(Endpoints, key, difference(found, { ...bare, metadata: { ...found.metadata, labels, annotations }, ...filled }));
        } else
          await makeOnce(
            ctx.create(Endpoints, { apiVersion: "v1", kind: "Endpoints", metadata: { ...key, labels, annotations }, ...filled } as never),
          );
      }),
    );
  const running = startController(loop, { client, informers, log });
  const registration = services.addHandler({
    onDelete: async (service) => {
      try {
        if (informers.for(Endpoints).lister.get(objectKey(service))) await client.delete(Endpoints, objectKey(service));
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
      }
    },
  });
  return {
    ready: running.ready,
    async stop() {
      registration.remove();
      await running.stop();
    },
  };
};

/** EndpointSlices of Services that select pods. */
export const endpointSliceLoop: Loop = ({ client, informers, log }) => {
  const rest = new Rest();
  const loop = controller(Service, { name: "endpointslice-controller", fieldManager: MANAGER, workers: 2 })
    .owns(EndpointSlice)
    .watches(Pod, (now, before) => selecting(informers, now, before))
    .uses(Node)
    .reconcile(
      againAfterConflict(async (service, ctx) => {
        if (service.metadata.deletionTimestamp !== undefined) return;
        const left = rest.left(service.metadata.uid);
        if (left !== undefined) return requeue.after(left);
        const backends = backendsFor(service, ctx, rest);
        if (!backends) return;
        const slices = ctx.owned(EndpointSlice).filter(({ metadata }) => metadata.labels?.[MANAGED_BY] === SLICE_CONTROLLER);
        const contents = contentsOf(service, backends);
        const assigned = assign(slices, contents);
        const labels = {
          ...service.metadata.labels,
          [MANAGED_BY]: SLICE_CONTROLLER,
          [SERVICE_NAME]: service.metadata.name,
          ...(isHeadless(service) ? { [HEADLESS]: "" } : {}),
        };
        for (const content of contents) {
          const slice = assigned.get(content);
          if (!slice) await makeOnce(ctx.create(EndpointSlice, newSlice(service, content, labels) as never));
          else if (!holds(slice, content) || !isDeepStrictEqual(slice.metadata.labels, labels)) {
            const { endpoints: _e, ports: _p, ...bare } = slice;
            const at = lastReady(backends, true);
            const annotations = { ...slice.metadata.annotations, ...(at ? { [TRIGGER_TIME]: at } : {}) };
            await ctx.patch(
              EndpointSlice,
              objectKey(slice),
              difference(slice, { ...bare, metadata: { ...slice.metadata, labels, annotations }, ...content }),
            );
          }
        }
        const used = new Set(assigned.values());
        for (const slice of slices) if (!used.has(slice)) await ctx.delete(slice);
      }),
    );
  return startController(loop, { client, informers, log });
};

function newSlice(service: Service, content: SliceContent, labels: object): object {
  const { name, namespace, creationTimestamp } = service.metadata;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels,
      annotations: { [TRIGGER_TIME]: creationTimestamp },
      ownerReferences: [ownerReference(service)],
    },
    addressType: service.spec.ipFamilies?.[0] === "IPv6" ? "IPv6" : "IPv4",
    endpoints: content.endpoints ?? [],
    ...(content.ports ? { ports: content.ports } : {}),
  };
}
function holds(slice: EndpointSlice, { endpoints = [], ports = [] }: SliceContent): boolean {
  return isDeepStrictEqual(slice.endpoints ?? [], endpoints) && isDeepStrictEqual(slice.ports ?? [], ports);
}
async function makeOnce(making: Promise<unknown>): Promise<void> {
  try {
    await making;
  } catch (error) {
    if (!(error instanceof AlreadyExistsError) && !refusesContent(error)) throw error;
  }
}

/** Backends of a Service with a selector; undefined for one without, whose endpoints are others' business. */
function backendsFor(service: Service, ctx: Context<typeof Service, typeof Pod | typeof Node>, rest: Rest): readonly Backend[] | undefined {
  const { selector, type } = service.spec;
  if (!selector || Object.keys(selector).length === 0 || type === "ExternalName") return undefined;
  const pods = ctx.list(Pod, { namespace: service.metadata.namespace, labels: selector });
  rest.took(service.metadata.uid, pods.length);
  return backendsOf(service, pods, (name) => (name === "" ? undefined : ctx.get(Node, { name })));
}
/** The newest readiness among the backends, where that can be what changed. */
function lastReady(backends: readonly Backend[], known: boolean): string | undefined {
  const times = backends.flatMap(
    ({ pod }) =>
      pod.status?.conditions?.filter(({ type }) => type === "Ready").map(({ lastTransitionTime }) => String(lastTransitionTime)) ?? [],
  );
  return known || times.length > 0 ? times.sort().at(-1) : undefined;
}

/** Services whose endpoints a pod's change may touch. */
function selecting(informers: Informers, now: Pod, before: Pod | undefined): readonly ObjectKey[] {
  if (before && !matters(now, before)) return [];
  const { namespace } = now.metadata;
  const selects = (selector: Readonly<Record<string, string>>, pod: Pod): boolean =>
    Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value);
  return informers
    .for(Service)
    .lister.list({ namespace })
    .filter(({ spec }) => spec.selector && (selects(spec.selector, now) || (before !== undefined && selects(spec.selector, before))))
    .map(objectKey);
}
function matters(now: Pod, before: Pod): boolean {
  return (
    now.status?.podIP !== before.status?.podIP ||
    isReady(now) !== isReady(before) ||
    now.status?.phase !== before.status?.phase ||
    now.metadata.deletionTimestamp !== before.metadata.deletionTimestamp ||
    now.metadata.uid !== before.metadata.uid ||
    !isDeepStrictEqual(now.metadata.labels, before.metadata.labels)
  );
}
