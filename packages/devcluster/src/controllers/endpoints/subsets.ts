import type { Service } from "../../objects/index.ts";
import { type Backend, byPorts, targetRef } from "./addresses.ts";

/** More addresses than this are cut off (`maxCapacity`). */
const CAPACITY = 1000;

/** The subsets of an Endpoints object: pods that go are left out, those not ready stand apart. */
export function subsetsOf(service: Service, backends: readonly Backend[]): readonly object[] {
  const staying = backends.filter(({ terminating }) => !terminating).slice(0, CAPACITY);
  return Array.from(byPorts(staying).values(), (group) => {
    const ports = group[0]!.ports.map(({ name, ...port }) => ({ ...(name === "" ? {} : { name }), ...port }));
    const isReady = ({ ready }: Backend): boolean => ready || service.spec.publishNotReadyAddresses === true;
    const addresses = group.filter(isReady).map(address);
    const notReadyAddresses = group.filter((backend) => !isReady(backend)).map(address);
    return {
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
      ...(ports.length > 0 ? { ports } : {}),
    };
  });
}
function address({ ip, hostname, pod }: Backend): object {
  return { ip, ...(hostname ? { hostname } : {}), nodeName: pod.spec.nodeName, targetRef: targetRef(pod) };
}
