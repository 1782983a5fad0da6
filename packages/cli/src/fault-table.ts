import type { NetworkFaultObject } from "@outrigger/operator";
import { table } from "./table.ts";

/** Faults as rows. */
export function faultTable(faults: readonly NetworkFaultObject[], namespaces: boolean): string {
  return table(
    [...(namespaces ? ["NAMESPACE"] : []), "NAME", "FAULT", "PODS", "STATE", "APPLIED", "ENDS"],
    faults.map((fault) => [
      ...(namespaces ? [fault.metadata.namespace] : []),
      fault.metadata.name,
      fault.status?.fault ?? "",
      count(fault),
      fault.status?.state ?? "Unseen",
      fault.status?.applied ?? "",
      ends(fault),
    ]),
  );
}

/** One fault in a line. */
export function faultLine(fault: NetworkFaultObject): string {
  const { status, metadata } = fault;
  const why = status?.conditions?.find(({ type }) => type === (status.state === "Invalid" ? "Accepted" : "Applied"))?.message;
  const parts = [
    status?.fault,
    `${status?.state ?? "Unseen"} ${status?.applied ?? ""}`.trim(),
    ends(fault),
    status?.state === "Applied" ? "" : why,
  ];
  return `${metadata.name}: ${parts.filter(Boolean).join("; ")}`;
}

/** The pods of a fault as rows. */
export function podTable({ status }: NetworkFaultObject): string {
  return table(
    ["POD", "STATE", "WHY"],
    (status?.pods ?? []).map(({ name, state, reason, message }) => [name, state, message ?? reason ?? ""]),
  );
}

function count({ spec }: NetworkFaultObject): string {
  if (spec.mode === "percent") return `${spec.value}%`;
  return spec.mode === "fixed" ? String(spec.value) : spec.mode;
}

function ends({ spec, status }: NetworkFaultObject): string {
  if (status?.nextRunTime && status.state === "Waiting") return `next ${status.nextRunTime}`;
  const { endTime } = status?.run ?? {};
  if (!endTime) return spec.duration ? "" : "when cleared";
  return status?.state === "Ended" ? `ended ${endTime}` : `ends ${endTime}`;
}
