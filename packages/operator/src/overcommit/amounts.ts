import { Quantity } from "@outrigger/kit/api";

/** The resources whose ratio can be raised; device plug-ins allocate the others by their own count. */
export const RESOURCES = ["cpu", "memory"] as const;
export type ResourceName = (typeof RESOURCES)[number];

/** A ratio in thousandths: 1500 is 1.5. */
export type Ratio = number;
export const NO_OVERCOMMIT: Ratio = 1000;

/** Thousandths of a CPU, or bytes. */
export function units(resource: ResourceName, quantity: unknown): bigint {
  const parsed = Quantity.parse(String(quantity));
  return resource === "cpu" ? parsed.milliValue : parsed.value;
}

/** The canonical quantity of so many units. */
export function quantity(resource: ResourceName, amount: bigint): string {
  return (resource === "cpu" ? Quantity.ofMilli(amount) : Quantity.of(amount, "BinarySI")).toString();
}

/** So many units, multiplied; whole units, rounded down. */
export function amplified(amount: bigint, ratio: Ratio): bigint {
  return (amount * BigInt(ratio)) / 1000n;
}

/** The lowest ratio at which a node that has `amount` offers at least `wanted`. */
export function ratioFor(wanted: bigint, amount: bigint): Ratio {
  if (amount <= 0n) return NO_OVERCOMMIT;
  return Math.max(NO_OVERCOMMIT, Number((wanted * 1000n + amount - 1n) / amount));
}

export function thousandths(ratio: number): Ratio {
  return Math.round(ratio * 1000);
}
