import type { EndpointSlice, Service } from "../../objects/index.ts";
import { type Backend, byPorts, targetRef } from "./addresses.ts";

/** Endpoints in one slice at most. */
const PER_SLICE = 100;

/** What one slice is to hold. */
export interface SliceContent {
  readonly endpoints?: readonly object[];
  readonly ports?: readonly object[];
}

/** The slices of a Service, at least one, full ones first. */
export function contentsOf(service: Service, backends: readonly Backend[]): readonly SliceContent[] {
  const contents: SliceContent[] = [];
  for (const group of byPorts(backends).values()) {
    for (let from = 0; from < group.length; from += PER_SLICE) {
      contents.push({
        endpoints: group.slice(from, from + PER_SLICE).map((backend) => endpoint(service, backend)),
        ports: group[0]!.ports,
      });
    }
  }
  return contents.length > 0 ? contents : [{}];
}
function endpoint({ spec }: Service, { ip, ready, terminating, hostname, zone, pod }: Backend): object {
  return {
    addresses: [ip],
    conditions: { ready: (ready || spec.publishNotReadyAddresses === true) && !terminating, serving: ready, terminating },
    ...(hostname ? { hostname } : {}),
    nodeName: pod.spec.nodeName,
    targetRef: targetRef(pod),
    ...(zone ? { zone } : {}),
  };
}

/** Which slice takes which content: one with the same ports first, so that few are written. */
export function assign(slices: readonly EndpointSlice[], contents: readonly SliceContent[]): ReadonlyMap<SliceContent, EndpointSlice> {
  const free = new Set([...slices].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)));
  const taken = new Map<SliceContent, EndpointSlice>();
  const take = (content: SliceContent, fits: (slice: EndpointSlice) => boolean): void => {
    if (taken.has(content)) return;
    for (const slice of free) {
      if (!fits(slice)) continue;
      taken.set(content, slice);
      free.delete(slice);
      return;
    }
  };
  for (const content of contents)
    take(
      content,
      ({ ports }) =>
        JSON.stringify(ports?.map(({ port }) => port)) ===
        JSON.stringify((content.ports as { port: number }[] | undefined)?.map(({ port }) => port)),
    );
  for (const content of contents) take(content, () => true);
  return taken;
}
