import { Quantity, QuantityError } from "@outrigger/kit/api";
import type { Findings } from "./findings.ts";

/** A quantity, or a finding and zero: Kubernetes refuses unreadable ones when it decodes the object. */
export function readQuantity(found: Findings, value: unknown, path: string): Quantity {
  try {
    return Quantity.parse(String(value ?? "0"));
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    found.invalid(path, value, error.message);
    return Quantity.of(0);
  }
}
