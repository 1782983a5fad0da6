import type { Fault, LossModel, Selection } from "../fault/index.ts";

/** A program and its arguments; never a line for a shell. */
export interface Command {
  readonly argv: readonly string[];
  /** Makes what goes to its standard input, when it runs. */
  readonly input?: () => string;
  /** The commands that one process does after each other, until one fails. */
  readonly parts?: readonly Command[];
}

/** What one queueing discipline does to the packets that reach it. */
export type Effects = Pick<Fault, "delay" | "loss" | "duplicate" | "corrupt" | "reorder" | "rate" | "partition">;

/** One band of the tree: which packets, and what is done to them. */
export interface Leaf {
  /** 2 to 16; band 1 is for packets that nothing is done to. */
  readonly band: number;
  readonly selection: Selection;
  readonly effects: Effects;
  /** Odd and even instances have different handles, so that one can take the other's place whole. */
  readonly instance: number;
}

/** A leaf and when it is to end; milliseconds of `performance.now()`, a clock that nobody sets. */
export interface TimedLeaf extends Leaf {
  readonly endsAt: number;
}

/*
 * The tree on a device: a `prio` whose first band takes everything, and a band for each fault, filled by filters alone.
 * Every handle, priority and band is ours to choose and fixed, so that all of it can be found again.
 */
export const ROOT = "7a00:";
export const ROOT_QUEUE = "7a01:";
export const INGRESS = "ffff:";
export const FIRST_BAND = 2;
export const LAST_BAND = 16;
/** Packets that wait at most; a second of 100,000 small packets. */
const LIMIT = "100000";
const UNTOUCHED = `${ROOT}1`;

const tc = (...args: readonly string[]): Command => ({ argv: ["tc", ...args] });

/** Commands of tc as one process: to start one costs more than what it does. */
function batch(parts: readonly Command[]): Command[] {
  if (parts.length < 2) return [...parts];
  return [{ argv: ["tc", "-batch", "-"], input: () => parts.map(({ argv }) => `${argv.slice(1).join(" ")}\n`).join(""), parts }];
}

/** @param side of the tree: on the device itself packets leave, on the stand-in for its ingress they arrive */
export function addRoot(device: string, side: Side, spared: Spared): Command[] {
  return batch([
    tc("qdisc", "add", "dev", device, "root", "handle", ROOT, "prio", "bands", "16", "priomap", ...Array<string>(16).fill("0")),
    // A device without a queue would give the band a queue of one packet.
    tc("qdisc", "add", "dev", device, "parent", UNTOUCHED, "handle", ROOT_QUEUE, "pfifo", "limit", "10000"),
    ...spare(device, side, spared),
  ]);
}

export function deleteRoot(device: string): Command {
  return tc("qdisc", "del", "dev", device, "root", "handle", ROOT);
}

export type Side = "egress" | "ingress";

/**
 * What no fault touches: the agent's own port, so that a fault can be taken away, and addresses that must get through.
 * Nor is IPv6's neighbour discovery (RFC 4861), without which they would not: what ARP is to IPv4, which no filter here sees.
 */
export interface Spared {
  readonly port: number;
  readonly addresses: readonly { readonly family: 4 | 6; readonly text: string }[];
}

function spare(device: string, side: Side, { port, addresses }: Spared): Command[] {
  const [portField, addressField] = side === "egress" ? ["src_port", "dst_ip"] : ["dst_port", "src_ip"];
  const neighbours = NEIGHBOUR_DISCOVERY.map((type, index) =>
    filter(device, 6, 5, index + 1, ["ip_proto", "icmpv6", "type", type], UNTOUCHED),
  );
  return ([4, 6] as const).flatMap((family) => {
    const own = filter(device, family, family === 4 ? 1 : 2, 1, ["ip_proto", "tcp", portField, String(port)], UNTOUCHED);
    const others = addresses
      .filter((address) => address.family === family)
      .map(({ text }, index) => filter(device, family, family === 4 ? 3 : 4, index + 1, [addressField, text], UNTOUCHED));
    return [own, ...others, ...(family === 6 ? neighbours : [])];
  });
}

/** ICMPv6 types 133 to 137, and with them 132, as numbers under masks. */
const NEIGHBOUR_DISCOVERY = ["132/252", "136/254"];

/** The filters that lead to a leaf. */
export interface Filters {
  readonly add: readonly Command[];
  readonly del: readonly Command[];
}

/** Adds a leaf, and what leads to it. */
export function addLeaf(device: string, leaf: Leaf, { add }: Filters): Command[] {
  return [...netem("add", device, leaf), ...batch(add)];
}

/** The command that gives a leaf the effects that it has. */
export function setLeaf(device: string, leaf: Leaf): Command {
  return netem("change", device, leaf)[0]!;
}

/** Makes the leaf at a band another. The queue stays, and what waits in it, wherever the kernel can change it in place. */
export function changeLeaf(device: string, from: Leaf, to: Leaf): Command[] {
  if (from.instance !== to.instance) return netem("replace", device, to);
  const commands = [setLeaf(device, to)];
  const [before, after] = [from.effects.rate, to.effects.rate];
  if (before !== undefined && after === undefined)
    commands.push(tc("qdisc", "del", "dev", device, "parent", `${handleOf(to)}1`, "handle", rateHandleOf(to)));
  if (after !== undefined) commands.push(rate(before === undefined ? "add" : "change", device, to, after));
  return commands;
}

/** @param filters those that it was added with: what is not there cannot be deleted */
export function deleteLeaf(device: string, leaf: Leaf, { del }: Filters): Command[] {
  return [...del, tc("qdisc", "del", "dev", device, "parent", bandOf(leaf), "handle", handleOf(leaf))];
}

function deleteFilters(device: string, by: "pref" | "chain", number: number): Command {
  return tc("filter", "del", "dev", device, "parent", ROOT, by, String(number));
}

/** Whether one discipline can become the other in place: the kernel keeps a table of delays that it was given once. */
export function changesInPlace(from: Effects, to: Effects): boolean {
  const [before, after] = [from.delay?.distribution, to.delay?.distribution];
  return before === after || before === undefined;
}

function netem(verb: "add" | "replace" | "change", device: string, leaf: Leaf): Command[] {
  const commands = [
    tc("qdisc", verb, "dev", device, "parent", bandOf(leaf), "handle", handleOf(leaf), "netem", ...netemArguments(leaf.effects)),
  ];
  if (leaf.effects.rate) commands.push(rate("add", device, leaf, leaf.effects.rate));
  return commands;
}

/** The handles that a leaf has on its device. */
export function handlesOf(leaf: Leaf): string[] {
  return [handleOf(leaf), ...(leaf.effects.rate ? [rateHandleOf(leaf)] : [])];
}

function rate(verb: "add" | "change", device: string, leaf: Leaf, { bitsPerSecond, burst, limit }: NonNullable<Fault["rate"]>): Command {
  return tc(
    ...["qdisc", verb, "dev", device, "parent", `${handleOf(leaf)}1`, "handle", rateHandleOf(leaf)],
    ...["tbf", "rate", `${bitsPerSecond}bit`, "burst", `${burst}b`, "limit", `${limit}b`],
  );
}

/** Every attribute, each time: what is not given the kernel keeps from before. */
function netemArguments({ delay, loss, duplicate, corrupt, reorder, partition }: Effects): string[] {
  return [
    ...["limit", LIMIT],
    ...["delay", `${delay?.us ?? 0}us`, `${delay?.jitterUs ?? 0}us`, percent(delay?.correlation)],
    ...(delay?.distribution ? ["distribution", delay.distribution] : []),
    ...lossArguments(partition ? { model: "random", percent: 100, correlation: 0 } : loss),
    ...["duplicate", percent(duplicate?.percent), percent(duplicate?.correlation)],
    ...["corrupt", percent(corrupt?.percent), percent(corrupt?.correlation)],
    ...["reorder", percent(reorder?.percent), percent(reorder?.correlation)],
    ...(reorder?.gap === undefined ? [] : ["gap", String(reorder.gap)]),
  ];
}

function lossArguments(loss: LossModel | undefined): string[] {
  if (loss === undefined || loss.model === "random") return ["loss", "random", percent(loss?.percent), percent(loss?.correlation)];
  return ["loss", loss.model, ...loss.percents.map(percent)];
}

/** Never in the notation with an exponent, which tc does not read. */
function percent(value = 0): string {
  return `${value.toFixed(6).replace(/\.?0+$/, "")}%`;
}

const bandOf = ({ band }: Leaf): string => `${ROOT}${band.toString(16)}`;
const handleOf = ({ band, instance }: Leaf): string => `${(0x7a10 + band * 4 + (instance % 2)).toString(16)}:`;
const rateHandleOf = ({ band, instance }: Leaf): string => `${(0x7a12 + band * 4 + (instance % 2)).toString(16)}:`;

/** Priority of the filters that lead to a band. */
const priorityOf = (band: number, family: 4 | 6): number => 102 + band * 4 + (family === 4 ? 0 : 1);

/**
 * Filters that find a leaf's packets by their headers. Exclusions stand in a chain of the leaf's own, which only its targets
 * come to: they must not keep packets from the leaves of others.
 */
export function headerFilters(device: string, side: Side, leaf: Leaf): Filters {
  const { band, selection } = leaf;
  const [add, del]: [Command[], Command[]] = [[], []];
  const chain = selection.excludeCidrs.length + selection.excludePorts.length > 0 ? band : undefined;
  for (const family of [4, 6] as const) {
    const peer = side === "egress" ? "dst_ip" : "src_ip";
    const excluded = [
      ...selection.excludeCidrs.filter((cidr) => cidr.family === family).map(({ text }) => [peer, text]),
      ...portMatches(selection.excludePorts, undefined),
    ];
    const cidrs = selection.cidrs.filter((cidr) => cidr.family === family).map(({ text }) => [peer, text]);
    if (selection.cidrs.length > 0 && cidrs.length === 0) continue;
    const wanted = product(cidrs, portMatches(selection.ports, selection.protocol, family));
    const priority = priorityOf(band, family);
    if (chain !== undefined) {
      const inside: readonly (readonly [string[], string])[] = [
        ...excluded.map((match) => [match, UNTOUCHED] as const),
        [[], bandOf(leaf)],
      ];
      for (const [index, [match, to]] of inside.entries())
        add.push(filter(device, family, family === 4 ? 1 : 2, index + 1, match, to, chain));
    }
    add.push(...wanted.map((match, index) => filter(device, family, priority, index + 1, match, chain ?? bandOf(leaf))));
    del.push(deleteFilters(device, "pref", priority));
  }
  if (chain !== undefined) del.push(deleteFilters(device, "chain", chain));
  return { add, del };
}

/** The filter that finds a leaf's packets by the mark that the packet filter gave them. */
export function markFilter(device: string, leaf: Leaf): Filters {
  const priority = priorityOf(leaf.band, 4);
  const add = tc(
    ...["filter", "add", "dev", device, "parent", ROOT, "protocol", "all", "pref", String(priority)],
    ...["handle", `${markOf(leaf.band)}/${MARK_MASK}`, "fw", "classid", bandOf(leaf)],
  );
  return { add: [add], del: [deleteFilters(device, "pref", priority)] };
}

export const MARK_MASK = "0xff000000";
export function markOf(band: number): string {
  return `0x${band.toString(16).padStart(2, "0")}000000`;
}

function portMatches(ports: Selection["ports"], protocol: Selection["protocol"], family: 4 | 6 = 4): string[][] {
  if (protocol === "icmp") return [["ip_proto", family === 4 ? "icmp" : "icmpv6"]];
  if (ports.length === 0) return protocol === undefined ? [] : [["ip_proto", protocol]];
  return (protocol === undefined ? ["tcp", "udp"] : [protocol]).flatMap((one) =>
    ports.flatMap(({ from, to }) => {
      const range = from === to ? String(from) : `${from}-${to}`;
      return [
        ["ip_proto", one, "src_port", range],
        ["ip_proto", one, "dst_port", range],
      ];
    }),
  );
}

/** Every pair; one of the empty list and a list is the list. */
function product(a: readonly string[][], b: readonly string[][]): string[][] {
  if (a.length === 0) return b.length === 0 ? [[]] : [...b];
  return b.length === 0 ? [...a] : a.flatMap((one) => b.map((other) => [...one, ...other]));
}

/** @param to a class, or the number of a chain @param chain that it stands in, where that is not the first */
function filter(
  device: string,
  family: 4 | 6,
  priority: number,
  handle: number,
  match: readonly string[],
  to: string | number,
  chain?: number,
): Command {
  return tc(
    ...["filter", "add", "dev", device, "parent", ROOT, ...(chain === undefined ? [] : ["chain", String(chain)])],
    ...["protocol", family === 4 ? "ip" : "ipv6", "pref", String(priority), "handle", String(handle), "flower", ...match],
    ...(typeof to === "string" ? ["classid", to] : ["action", "goto", "chain", String(to)]),
  );
}

/** A device whose egress stands for the ingress of another, which the kernel cannot delay itself. */
export const STAND_IN = "orfault0";

export function addIngress(device: string): Command[] {
  return [
    // Created `up`: a device that is down has no qdisc, and we detect the device by its qdisc.
    { argv: ["ip", "link", "add", STAND_IN, "up", "type", "ifb"] },
    tc("qdisc", "add", "dev", device, "handle", INGRESS, "ingress"),
  ];
}
/** The last step, when all is ready behind it. */
export function redirectIngress(device: string): Command {
  return tc(
    ...["filter", "add", "dev", device, "parent", INGRESS, "protocol", "all", "pref", "1", "handle", "800::1"],
    ...["u32", "match", "u32", "0", "0", "action", "mirred", "egress", "redirect", "dev", STAND_IN],
  );
}
export function deleteIngress(device: string): Command[] {
  return [tc("qdisc", "del", "dev", device, "ingress"), { argv: ["ip", "link", "del", STAND_IN] }];
}
