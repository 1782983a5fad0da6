import type { CustomResourceDefinition, DefinitionCondition } from "./definition.ts";

const ANNOTATION = "api-approved.kubernetes.io";
const TYPE = "KubernetesAPIApprovalPolicyConformant";

type Approval = Omit<DefinitionCondition, "lastTransitionTime"> & { readonly reason: string; readonly message: string };

/** Groups whose names belong to Kubernetes. */
const isProtectedGroup = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group);

/** What a definition in one of Kubernetes' own groups says of its approval; `undefined` for other groups (`apiextensions-apiserver/pkg/apihelpers`). */
export function approvalOf({
  metadata,
  spec,
}: {
  readonly metadata: CustomResourceDefinition["metadata"];
  readonly spec: { readonly group: string };
}): Approval | undefined {
  if (!isProtectedGroup(spec.group)) return undefined;
  const text = metadata.annotations?.[ANNOTATION] ?? "";
  const say = (status: "True" | "False", reason: string, message: string) => ({ type: TYPE, status, reason, message }) as const;
  const wanted = `protected groups must have approval annotation "${ANNOTATION}"`;
  const see = "see https://github.com/kubernetes/enhancements/pull/1111";
  if (text === "") return say("False", "MissingAnnotation", `${wanted}, ${see}`);
  if (text.startsWith("unapproved")) return say("False", "UnapprovedAnnotation", `not approved: ${JSON.stringify(text)}`);
  if (URL.canParse(text)) return say("True", "ApprovedAnnotation", `approved in ${text}`);
  return say("False", "InvalidAnnotation", `${wanted} with either a URL or a reason starting with "unapproved", ${see}`);
}
