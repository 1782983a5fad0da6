import type { Selection } from "../fault/index.ts";
import { type Command, type Leaf, markOf, type Spared, type TimedLeaf } from "./commands.ts";

export const TABLE = "outrigger_fault";
const UNMARKED = "0x00ffffff";

/**
 * The packet filter's rules that mark the packets of each leaf, as one transaction that takes the place of the rules
 * before. A set that holds the device's name for a limited time gates each leaf: when the time is over the kernel itself
 * takes the name out, and packets go unmarked though every process of ours is dead.
 */
export function markRules(device: string, leaves: readonly TimedLeaf[], spared: Spared): Command {
  const lines = [`add table inet ${TABLE}`, `delete table inet ${TABLE}`];
  // What remains is reckoned when the rules are made: the commands before them take their time.
  const input = (): string => `${[...lines, ...(leaves.length > 0 ? table(device, leaves, spared) : [])].join("\n")}\n`;
  return { argv: ["nft", "-f", "-"], input };
}

/** Fails where there are none. */
export function deleteMarks(): Command {
  return { argv: ["nft", "delete", "table", "inet", TABLE] };
}

function table(device: string, leaves: readonly TimedLeaf[], { port, addresses }: Spared): string[] {
  const now = performance.now();
  const sets = leaves.map(
    ({ band, endsAt }) =>
      `  set gate${band} { type ifname; flags timeout; elements = { "${device}" timeout ${Math.max(1, Math.ceil(endsAt - now))}ms }; }`,
  );
  const chains = leaves.map(
    (leaf) =>
      `  chain band${leaf.band} {\n${rules(leaf)
        .map((rule) => `    ${rule}\n`)
        .join("")}  }`,
  );
  const gates = leaves.map(({ band }) => `    oifname @gate${band} jump band${band}`);
  return [
    `table inet ${TABLE} {`,
    ...sets,
    ...chains,
    "  chain leaving {",
    "    type filter hook postrouting priority -140; policy accept;",
    `    tcp sport ${port} return`,
    // Neighbour discovery (RFC 4861): without it the agent could not be reached over IPv6.
    "    icmpv6 type { 133, 134, 135, 136, 137 } return",
    ...addresses.map(({ family, text }) => `    ${family === 4 ? "ip" : "ip6"} daddr ${text} return`),
    ...gates,
    "  }",
    "}",
  ];
}

function rules({ band, selection }: Leaf): string[] {
  const mark = `meta mark set meta mark & ${UNMARKED} | ${markOf(band)} accept`;
  const excluded = [...addressMatches(selection.excludeCidrs), ...portMatches(selection.excludePorts)].map((match) => `${match} return`);
  const addresses = selection.cidrs.length === 0 ? [""] : addressMatches(selection.cidrs);
  const ports = protocolMatches(selection);
  return [...excluded, ...addresses.flatMap((address) => ports.map((each) => [address, each, mark].filter(Boolean).join(" ")))];
}

function addressMatches(cidrs: Selection["cidrs"]): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const texts = cidrs.filter((cidr) => cidr.family === family).map(({ text }) => text);
    // Blocks that overlap are no set of intervals; one rule each is the same.
    return texts.map((text) => `${family === 4 ? "ip" : "ip6"} daddr ${text}`);
  });
}

function protocolMatches({ protocol, ports }: Selection): string[] {
  if (protocol === "icmp") return ["meta l4proto { icmp, ipv6-icmp }"];
  const family = protocol === undefined ? "" : `meta l4proto ${protocol}`;
  return ports.length === 0 ? [family] : portMatches(ports, protocol);
}

function portMatches(ports: Selection["ports"], protocol?: string): string[] {
  const family = protocol === undefined ? "meta l4proto { tcp, udp }" : `meta l4proto ${protocol}`;
  return ports.flatMap(({ from, to }) => {
    const range = from === to ? String(from) : `${from}-${to}`;
    return [`${family} th sport ${range}`, `${family} th dport ${range}`];
  });
}
