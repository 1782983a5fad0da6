import type { Direction, Distribution, PROTOCOLS } from "./spec.ts";

/** A fault in the units of the kernel's tools, all of it checked; what is absent does nothing. */
export interface Fault {
  readonly delay?: { readonly us: number; readonly jitterUs: number; readonly correlation: number; readonly distribution?: Distribution };
  readonly loss?: LossModel;
  readonly duplicate?: Likelihood;
  readonly corrupt?: Likelihood;
  readonly reorder?: Likelihood & { readonly gap?: number };
  readonly rate?: { readonly bitsPerSecond: number; readonly burst: number; readonly limit: number };
  readonly partition?: true;
  readonly direction: Direction;
  readonly selection: Selection;
  readonly ttlMs: number;
}

export interface Likelihood {
  readonly percent: number;
  readonly correlation: number;
}
export type LossModel =
  | ({ readonly model: "random" } & Likelihood)
  | { readonly model: "state" | "gemodel"; readonly percents: readonly number[] };

/** Which packets. Empty lists mean all; with all lists empty it is everything. */
export interface Selection {
  readonly cidrs: readonly Cidr[];
  readonly ports: readonly PortRange[];
  readonly protocol?: (typeof PROTOCOLS)[number];
  readonly excludeCidrs: readonly Cidr[];
  readonly excludePorts: readonly PortRange[];
}
export interface Cidr {
  readonly family: 4 | 6;
  /** With the bits behind the prefix cleared, such as `10.0.0.0/8`. */
  readonly text: string;
  readonly first: bigint;
  readonly last: bigint;
}
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** The parts of a fault that one queueing discipline does together; each can be there once for the same packets. */
export const EFFECTS = ["delay", "loss", "duplicate", "corrupt", "reorder", "rate", "partition"] as const;
