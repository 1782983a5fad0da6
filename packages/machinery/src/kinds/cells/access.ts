import type { certificates, rbac } from "@outrigger/kit/kubernetes";
import { humanDuration } from "./human-duration.ts";
import { age, name, type Printer, type Printers, printer } from "./printer.ts";

const binding: Printer = printer<rbac.RoleBinding>((object, now) => {
  const subjects = object.subjects ?? [];
  const of = (kind: string): string[] =>
    subjects
      .filter((subject) => subject.kind === kind)
      .map((subject) => (kind === "ServiceAccount" ? `${subject.namespace ?? ""}/${subject.name}` : subject.name));
  return [
    name(object),
    `${object.roleRef?.kind ?? ""}/${object.roleRef?.name ?? ""}`,
    age(object, now),
    of("User").join(", "),
    of("Group").join(", "),
    of("ServiceAccount").join(", "),
  ];
});

export const accessCells: Printers = {
  "rbac.authorization.k8s.io/RoleBinding": binding,
  "rbac.authorization.k8s.io/ClusterRoleBinding": binding,
  "certificates.k8s.io/CertificateSigningRequest": printer<certificates.CertificateSigningRequest>((object, now) => [
    name(object),
    age(object, now),
    object.spec?.signerName || "<none>",
    object.spec?.username ?? "",
    object.spec?.expirationSeconds === undefined ? "<none>" : humanDuration(object.spec.expirationSeconds * 1000),
    requestState(object),
  ]),
};

function requestState({ status }: certificates.CertificateSigningRequest): string {
  const types = new Set((status?.conditions ?? []).map(({ type }) => type));
  const verdict = types.has("Denied") ? "Denied" : types.has("Approved") ? "Approved" : "Pending";
  return [verdict, ...(types.has("Failed") ? ["Failed"] : []), ...(status?.certificate ? ["Issued"] : [])].join(",");
}
