import { createHash } from "node:crypto";
import type { Cause } from "@outrigger/kit/api";

/** A cause for two containers of one name, as `Status` details carry it. */
export function nameClash(field: string, name: string, first: string, second: string, fix: string): Cause {
  return {
    reason: "FieldValueInvalid",
    field,
    message: `Invalid value: ${JSON.stringify(name)}: ${first} and ${second} have one name; ${fix}`,
  };
}

const MAX_NAME = 63;

/** The name of a rule's volume in a pod that has another volume of its name: the same in every call, and as good as never taken by chance. */
export function otherVolumeName(rule: string, name: string): string {
  const hash = createHash("sha256").update(`${rule}/${name}`).digest("hex").slice(0, 8);
  return `${name.slice(0, MAX_NAME - hash.length - 1)}-${hash}`;
}
