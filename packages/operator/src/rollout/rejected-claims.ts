import type { Condition } from "@outrigger/kit/controller";
import { INJECTION_ANNOTATION } from "../pod/index.ts";
import { podKey, type SeenPod } from "../seen-pod/index.ts";

/** Reason of a condition and of Events: a pod's record says that a set did something to it, and the set did not. */
export const CLAIM_REJECTED = "ClaimRejected";
/** Condition of a set: whether what pods say about its work is so. */
const CLAIMS_CONFIRMED = "ClaimsConfirmed";
/** Pods of one set that get an Event in one reconcile: whoever makes many such pods must not fill the cluster with Events. */
const MOST_NEWS = 10;

/** About one pod, for a person. */
export function claimText({ metadata }: SeenPod): string {
  const how = `outrigger explain pod ${metadata.name} -n ${metadata.namespace}`;
  return `the annotation ${INJECTION_ANNOTATION} claims what the set did not do to the pod: ${how}`;
}

/** About all pods of a set, for a person; the first is named. */
export function claimsText(pods: readonly SeenPod[]): string {
  const [first] = pods;
  const one = pods.length === 1;
  const number = one ? `the pod ${podKey(first!)}` : `${pods.length} pods, among them ${podKey(first!)},`;
  return `${number} ${one ? "claims" : "claim"} in the annotation ${INJECTION_ANNOTATION} what the set did not do: outrigger explain pod ${first!.metadata.name} -n ${first!.metadata.namespace}`;
}

export function claimsCondition(pods: readonly SeenPod[]): Omit<Condition, "lastTransitionTime" | "observedGeneration"> {
  if (pods.length === 0)
    return { type: CLAIMS_CONFIRMED, status: "True", reason: "NoneRejected", message: "no pod claims what the set did not do" };
  return { type: CLAIMS_CONFIRMED, status: "False", reason: CLAIM_REJECTED, message: claimsText(pods) };
}

/** Of which pods a claim was told, by set: each is told once. */
export class ToldClaims {
  readonly #told = new Map<string, ReadonlySet<string>>();

  /** Pods of which nothing was told, a few at a time. @param claimants all that a set has now */
  news(set: string, claimants: readonly SeenPod[]): readonly SeenPod[] {
    const before = this.#told.get(set);
    if (claimants.length === 0) {
      this.#told.delete(set);
      return claimants;
    }
    const news = claimants.filter(({ metadata }) => before?.has(metadata.uid) !== true).slice(0, MOST_NEWS);
    const still = claimants.filter(({ metadata }) => before?.has(metadata.uid) === true);
    this.#told.set(set, new Set([...still, ...news].map(({ metadata }) => metadata.uid)));
    return news;
  }

  forget(set: string): void {
    this.#told.delete(set);
  }
}
