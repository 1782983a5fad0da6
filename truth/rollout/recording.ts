/** What a pod of a recording was when the set was changed. */
export interface RecordedPod {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ready: boolean;
  readonly readySince?: string;
  /** By container, in their order. */
  readonly images: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RecordedSet {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>>; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface RecordedStep {
  readonly apply?: unknown;
  /** The set as stored after `apply`. */
  readonly stored?: RecordedSet;
  readonly newPods?: readonly RecordedPod[];
  readonly delete?: readonly string[];
  readonly label?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly annotate?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The kubelet does what it had not done yet, of these pods. */
  readonly becameReady?: readonly string[];
  readonly neverReadyAgain?: readonly string[];
  readonly batches: readonly {
    readonly pods: readonly string[];
    readonly images: Readonly<Record<string, Readonly<Record<string, string>>>>;
  }[];
  readonly ended: string;
  readonly setStatus: Readonly<Record<string, unknown>>;
}

/** A rollout of kruise's controller as it was recorded; see the README of the recordings. */
export interface Recording {
  readonly name: string;
  readonly why: string;
  readonly namespace: string;
  readonly storedSidecarset: RecordedSet & { readonly status?: Readonly<Record<string, unknown>> };
  readonly pods: readonly RecordedPod[];
  readonly neverReadyAgain?: readonly string[];
  readonly steps: readonly RecordedStep[];
  /** Batches of one step that came out otherwise in another recording, by the ends of the pods' names: kruise breaks ties at random. */
  readonly otherOrderSeenInAnEarlierRecording?: readonly (readonly (readonly string[])[])[];
  readonly finalPods: readonly FinalPod[];
  readonly events: readonly { readonly type: string; readonly reason: string }[];
  readonly controllerRevisions: readonly { readonly name: string; readonly revision: number }[];
}

export interface FinalPod {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly images: Readonly<Record<string, string>>;
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[];
  readonly ready: boolean;
}
