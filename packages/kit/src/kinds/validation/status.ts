import type { Cause, Status } from "../../api/index.ts";
/** The 422 for an object and what is wrong with it; `name` is "" where it has none. */
export function invalidStatus(gk: { group: string; kind: string }, name: string, causes: readonly Cause[]): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "",
    reason: "Invalid",
    details: { name, group: gk.group, kind: gk.kind, causes: [...causes] },
    code: 422,
  };
}
