/** What stands behind a decision about one rule; stable names, for programs. */
export type ReasonCode =
  | "Matched"
  | "AlreadyPresent"
  | "SelectorMismatch"
  | "NamespaceMismatch"
  | "NamespaceExcluded"
  | "Paused"
  | "CanaryInstead"
  | "NameClash"
  | "BrokenAnnotation"
  | "SourceUnset"
  | "HostNetwork"
  | "OptedOut"
  | "NotOptedIn"
  | "NotNamed"
  | "NotCreate"
  | "RuleInvalid"
  | "RevisionMissing"
  /** The pod's annotation says that a rule did something to it which the rules of today would not do. */
  | "ClaimRejected";

export type RuleKind = "PodDefaults" | "SidecarSet" | "Template";

/**
 * What one rule did to one pod, and why. `applied` changed the pod, `unchanged` found its work done already, `skipped`
 * had nothing to say about this pod, `refused` refuses the pod.
 */
export interface Reason {
  readonly kind: RuleKind;
  readonly rule: string;
  readonly action: "applied" | "unchanged" | "skipped" | "refused";
  readonly reason: ReasonCode;
  /** One sentence for a person. */
  readonly message: string;
  /** Names of the containers added or kept, init containers too. */
  readonly containers?: readonly string[];
  /** Keys of the labels, annotations and names of the variables that were set. */
  readonly labels?: readonly string[];
  readonly annotations?: readonly string[];
  readonly env?: readonly string[];
  /** Paths of mounts that were added to the pod's own containers. */
  readonly mounts?: readonly string[];
  /** Fields of the pod's `securityContext` that were set. */
  readonly securityContext?: readonly string[];
  /** Which of the pod's own containers got which of `env` and `mounts`, where that is not all in every one. */
  readonly into?: Readonly<Record<string, Additions>>;
  /** What labels and annotations said before a rule overrode them: selectors go by what the user wrote. */
  readonly replaced?: Replaced;
  /** What could not be done although the rule applied, one sentence each. */
  readonly problems?: readonly string[];
}

export interface Replaced {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Names of variables and paths of mounts. */
export interface Additions {
  readonly env?: readonly string[];
  readonly mounts?: readonly string[];
}
