import type { Cidr, PortRange, Selection } from "./fault.ts";
import type { Direction } from "./spec.ts";

/** Names a selection; equal texts are equal selections. */
export function selectionKey({ cidrs, ports, protocol, excludeCidrs, excludePorts }: Selection): string {
  const blocks = (list: readonly Cidr[]): string =>
    list
      .map(({ text }) => text)
      .sort()
      .join(" ");
  const ranges = (list: readonly PortRange[]): string =>
    list
      .map(({ from, to }) => `${from}-${to}`)
      .sort()
      .join(" ");
  return [blocks(cidrs), ranges(ports), protocol ?? "", blocks(excludeCidrs), ranges(excludePorts)].join("|");
}

/** Whether both act on packets of one direction. */
export function sameDirection(a: Direction, b: Direction): boolean {
  return a === "both" || b === "both" || a === b;
}

/** Whether a packet can be a target of both; what is excluded is not looked at, so that the answer errs on the side of yes. */
export function overlaps(a: Selection, b: Selection): boolean {
  if (a.protocol !== undefined && b.protocol !== undefined && a.protocol !== b.protocol) return false;
  // Packets of icmp have no ports.
  if ((a.protocol === "icmp" && b.ports.length > 0) || (b.protocol === "icmp" && a.ports.length > 0)) return false;
  const ports = some(a.ports, b.ports, (one, other) => one.from <= other.to && other.from <= one.to);
  const cidrs = some(a.cidrs, b.cidrs, (one, other) => one.family === other.family && one.first <= other.last && other.first <= one.last);
  return ports && cidrs;
}

function some<T>(a: readonly T[], b: readonly T[], meet: (one: T, other: T) => boolean): boolean {
  return a.length === 0 || b.length === 0 || a.some((one) => b.some((other) => meet(one, other)));
}
