import type { Status } from "@outrigger/kit/api";
import { pathString } from "./field-set.ts";
import type { Manager, Managers } from "./managers.ts";
import type { Overwritten } from "./ownership.ts";

/** A field that another manager owns with another value. */
export interface Conflict {
  /** The owner, as Kubernetes words it: `"hpa" with subresource "scale" using apps/v1`. */
  readonly manager: string;
  /** `.spec.template.spec.containers[name="app"].image` */
  readonly field: string;
}

export function conflictsWith(overwritten: readonly Overwritten[], managers: Managers): Conflict[] {
  return overwritten.flatMap(({ id, fields }) => {
    const owner = managers.get(id);
    const manager = owner ? describe(owner) : id;
    return [...fields.paths()].map((path) => ({ manager, field: pathString(path) }));
  });
}

function describe({ name, subresource, operation, apiVersion }: Manager): string {
  const through = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(name)}${through}${operation === "Update" ? ` using ${apiVersion}` : ""}`;
}

/** The 409 Status for the conflicts of an apply, in Kubernetes' words. */
export function conflictStatus(conflicts: readonly Conflict[]): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: message(conflicts),
    reason: "Conflict",
    details: {
      causes: conflicts.map(({ manager, field }) => ({ reason: "FieldManagerConflict", message: `conflict with ${manager}`, field })),
    },
    code: 409,
  };
}

function message(conflicts: readonly Conflict[]): string {
  const [only] = conflicts;
  if (only && conflicts.length === 1) return `Apply failed with 1 conflict: conflict with ${only.manager}: ${only.field}`;
  const byManager = Map.groupBy(conflicts, ({ manager }) => manager);
  const lines = [...byManager.keys()]
    .sort()
    .flatMap((manager) => [`conflicts with ${manager}:`, ...(byManager.get(manager) ?? []).map(({ field }) => `- ${field}`)]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}
