/** What is done to packets, and to which. Durations are texts such as `20ms`, percentages numbers from 0 to 100. */
export interface FaultSpec {
  readonly delay?: Delay;
  readonly loss?: Loss;
  readonly duplicate?: Chance;
  readonly corrupt?: Chance;
  /** Some packets overtake those that wait: needs a delay. */
  readonly reorder?: Chance & { readonly gap?: number };
  readonly rate?: Rate;
  /** Nothing passes. */
  readonly partition?: true;
  /** Default `egress`: what the pod sends. */
  readonly direction?: Direction;
  /** Which packets; all of IPv4 and IPv6 when absent. */
  readonly targets?: Targets;
  /** Packets that are left alone although they are targets. */
  readonly exclude?: Omit<Targets, "protocol">;
  /** How long, from now; default `5m`, at most `24h`. */
  readonly ttl?: string;
}

export type Direction = "egress" | "ingress" | "both";
export interface Delay {
  readonly time: string;
  readonly jitter?: string;
  readonly correlation?: number;
  /** Of the jitter; evenly spread when absent. */
  readonly distribution?: Distribution;
}
export const DISTRIBUTIONS = ["normal", "pareto", "paretonormal"] as const;
export type Distribution = (typeof DISTRIBUTIONS)[number];

export interface Chance {
  readonly percent: number;
  readonly correlation?: number;
}
/** At random, by a Markov chain of four states, or by Gilbert and Elliot's model; all numbers are percentages (tc-netem(8)). */
export interface Loss {
  readonly random?: Chance;
  readonly state?: { readonly p13: number; readonly p31?: number; readonly p32?: number; readonly p23?: number; readonly p14?: number };
  readonly gemodel?: { readonly p: number; readonly r?: number; readonly h?: number; readonly k?: number };
}
export interface Rate {
  /** Such as `1mbit` (10⁶ bits a second) or `100kbps` (1000 bytes a second), as tc writes them. */
  readonly bandwidth: string;
  /** Bytes that may pass at once, such as `32kb`. */
  readonly burst?: string;
  /** Bytes that may wait, such as `64kb`; more are dropped. */
  readonly limit?: string;
}
export const PROTOCOLS = ["tcp", "udp", "icmp"] as const;
export interface Targets {
  /** Addresses of the other side. */
  readonly cidrs?: readonly string[];
  /** Ports, or ranges as `8000-8010`, of either side. */
  readonly ports?: readonly (number | string)[];
  /** `icmp` is ICMPv6 too. */
  readonly protocol?: (typeof PROTOCOLS)[number];
}
