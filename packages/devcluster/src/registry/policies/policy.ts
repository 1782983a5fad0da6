import type { LabelSelector } from "@outrigger/kit/api";

/** Which requests a webhook or a policy is about. */
export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly operations?: readonly string[];
  readonly resources?: readonly string[];
  readonly scope?: string;
  /** Of policies alone. */
  readonly resourceNames?: readonly string[];
}

export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

/** The parts of `admissionregistration.k8s.io/v1` policies and bindings that are read here. */
export interface MatchResources {
  readonly resourceRules?: readonly Rule[];
  readonly excludeResourceRules?: readonly Rule[];
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly matchPolicy?: "Exact" | "Equivalent";
}

export interface PolicyVariable {
  readonly name: string;
  readonly expression: string;
}

export interface Validation {
  readonly expression: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
}

export interface PolicySpec {
  readonly paramKind?: { readonly apiVersion: string; readonly kind: string };
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: readonly MatchCondition[];
  readonly variables?: readonly PolicyVariable[];
  readonly validations?: readonly Validation[];
  readonly auditAnnotations?: readonly { readonly key: string; readonly valueExpression: string }[];
  readonly failurePolicy?: "Fail" | "Ignore";
}

/** How a MutatingAdmissionPolicy changes objects. */
export interface Mutation {
  readonly patchType: "ApplyConfiguration" | "JSONPatch";
  readonly applyConfiguration?: { readonly expression: string };
  readonly jsonPatch?: { readonly expression: string };
}

/** `spec` of a MutatingAdmissionPolicy. */
export interface MutatingPolicySpec
  extends Pick<PolicySpec, "paramKind" | "matchConstraints" | "matchConditions" | "variables" | "failurePolicy"> {
  readonly mutations?: readonly Mutation[];
  readonly reinvocationPolicy?: "Never" | "IfNeeded";
}

export interface ParamRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: LabelSelector;
  readonly parameterNotFoundAction?: "Allow" | "Deny";
}

export interface BindingSpec {
  readonly policyName: string;
  readonly paramRef?: ParamRef;
  readonly matchResources?: MatchResources;
  readonly validationActions?: readonly ("Deny" | "Warn" | "Audit")[];
}
