/** A rollout that we make otherwise on purpose. */
export interface RolloutException {
  readonly reason: string;
  /** What we do instead, step by step: the pods of each batch, by the ends of their names. */
  readonly batches: readonly (readonly (readonly string[])[])[];
}

export const ROLLOUT_EXCEPTIONS: Readonly<Record<string, RolloutException>> = {
  "change-then-kubelet-finishes": {
    reason:
      "pods still in progress from the change before count against maxUnavailable; kruise passes them over, so that 4 pods are down where 2 may be",
    batches: [
      [["p1", "p5"]],
      [],
      [
        ["p1", "p5"],
        ["p3", "p0"],
        ["p2", "p4"],
      ],
    ],
  },
  "notready-behind-ready": {
    reason: "pods that are not ready never wait behind ready ones: they cost no budget and the update may mend them",
    batches: [[["p5", "p3", "p0", "p1"], ["p6"], ["p2"], ["p4"], ["p7"]]],
  },
  "partition-99-percent-of-1": {
    reason: "a partition below 100% leaves at least one pod to update, also where only one matches: small percentages never stall",
    batches: [[["p0"]]],
  },
};
