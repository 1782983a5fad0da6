import type { KubeObject } from "@outrigger/kit/api";
import type { KindRow } from "../row.ts";

/** `meta.k8s.io TableRowCondition`: what a table says of a whole row. */
export interface RowCondition {
  readonly type: "Completed";
  readonly status: "True";
  readonly reason: string;
  readonly message: string;
}

const COMPLETED: Readonly<Record<string, readonly RowCondition[]>> = {
  Succeeded: [{ type: "Completed", status: "True", reason: "Succeeded", message: "The pod has completed successfully." }],
  Failed: [{ type: "Completed", status: "True", reason: "Failed", message: "The pod failed." }],
};

/** What the object's row of a table carries beside its cells; nothing for most. */
export function rowConditions(row: Pick<KindRow, "group" | "kind">, object: KubeObject): readonly RowCondition[] | undefined {
  if (row.kind !== "Pod" || row.group !== "") return undefined;
  return COMPLETED[(object["status"] as { phase?: string } | undefined)?.phase ?? ""];
}
