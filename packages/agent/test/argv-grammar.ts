import { isIP } from "node:net";
import type { Command } from "../src/kernel/index.ts";

/** Words that the planner itself writes; nothing of a request is one of them unless it stands in a closed list. */
const WORDS = new Set(
  `qdisc filter add change replace del delete show dev eth0 orfault0 root handle parent protocol pref prio bands 16 priomap
  pfifo limit netem tbf delay distribution normal pareto paretonormal loss random state gemodel duplicate corrupt reorder gap
  chain goto action type -batch
  rate burst ingress flower fw u32 match action mirred egress redirect classid ip ipv6 all ip_proto tcp udp icmp icmpv6
  src_port dst_port src_ip dst_ip link set up type ifb -f - -s list table inet outrigger_fault`.split(/\s+/),
);
const NUMBERS =
  /^(\d{1,12}(us|%|b|bit)?|\d{1,3}\.\d{1,6}%|[\da-f]{1,4}:[\da-f]{0,4}|800::1|0x[\da-f]{8}\/0xff000000|13[26]\/25[24]|\d{1,5}-\d{1,5})$/;
const LINE = new RegExp(
  [
    "(add|delete) table inet outrigger_fault",
    "table inet outrigger_fault \\{",
    'set gate\\d{1,2} \\{ type ifname; flags timeout; elements = \\{ "eth0" timeout \\d{1,9}ms \\}; \\}',
    "chain band\\d{1,2} \\{",
    "chain leaving \\{",
    "type filter hook postrouting priority -140; policy accept;",
    "tcp sport \\d{1,5} return",
    "icmpv6 type \\{ 133, 134, 135, 136, 137 \\} return",
    "oifname @gate\\d{1,2} jump band\\d{1,2}",
    "\\}",
    "(ip6? daddr ADDRESS ?)?(meta l4proto (tcp|udp|\\{ tcp, udp \\}|\\{ icmp, ipv6-icmp \\}) ?)?(th [sd]port \\d{1,5}(-\\d{1,5})? ?)?" +
      "(return|meta mark set meta mark & 0x00ffffff \\| 0x[\\da-f]{8} accept)",
  ]
    .map((line) => `^${line}$`)
    .join("|"),
);

/** What is wrong with a command: a word that is neither the planner's own nor a number, an address or a port. */
export function strangeWord({ argv: [program, ...words], input, parts }: Command): string | undefined {
  if (program !== "tc" && program !== "ip" && program !== "nft") return String(program);
  const strange = words.find((word) => !WORDS.has(word) && !NUMBERS.test(word) && !isBlock(word));
  if (strange !== undefined) return strange;
  if (parts) {
    const lines = input!().trimEnd().split("\n");
    if (lines.length !== parts.length) return input!();
    return lines.map((line) => strangeWord({ argv: ["tc", ...line.split(" ")] })).find((word) => word !== undefined);
  }
  return input?.()
    .split("\n")
    .map((line) => line.trim())
    .find((line) => line !== "" && !LINE.test(line.replace(/(?<=daddr )\S+/, (word) => (isBlock(word) ? "ADDRESS" : "?"))));
}

function isBlock(word: string): boolean {
  const [address = "", prefix = "128", ...more] = word.split("/");
  return more.length === 0 && isIP(address) !== 0 && /^\d{1,3}$/.test(prefix);
}
