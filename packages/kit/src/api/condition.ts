/** `metav1.Condition` (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/condition/). */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}
