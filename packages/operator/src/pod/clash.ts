import type { Cause } from "@outrigger/kit/api";

/** A cause for two containers of one name, as `Status` details carry it. */
export function nameClash(field: string, name: string, first: string, second: string, fix: string): Cause {
  return {
    reason: "FieldValueInvalid",
    field,
    message: `Invalid value: ${JSON.stringify(name)}: ${first} and ${second} have one name; ${fix}`,
  };
}
