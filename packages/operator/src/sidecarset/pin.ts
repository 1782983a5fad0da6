import { type Cause, labelSelector } from "@outrigger/kit/api";
import type { CompiledSidecarSet } from "./compile.ts";
import { HASH_ANNOTATION } from "./names.ts";
import { readHashes } from "./record.ts";
import type { InjectionStrategy, SidecarSet } from "./set.ts";

/** A set's `injectionStrategy.revision` made ready: which pods get the pinned revision, and what that is. */
export interface CompiledPin {
  /** As the user wrote it, for messages: `revision base-74b4948645`, `version "one"`. */
  readonly asked: string;
  /** The set as it was at the revision; `undefined` where that revision is not there: its pods are refused, as with kruise. */
  readonly revision: CompiledSidecarSet | undefined;
  /** Pods outside it always get the pinned revision, the others with the probability; `undefined`: all pods get it. */
  readonly partial: { readonly selected: (labels: Readonly<Record<string, string>>) => boolean; readonly probability: number } | undefined;
}

/**
 * Source: kruise pkg/webhook/pod/mutating, getSuitableRevisionSidecarSet.
 *
 * @param revision what the pin was found to mean
 */
export function compilePin(
  { spec }: SidecarSet,
  pin: NonNullable<InjectionStrategy["revision"]>,
  revision: CompiledSidecarSet | undefined,
): CompiledPin {
  const { updateStrategy = {} } = spec;
  const asked = pin.revisionName === undefined ? `version ${JSON.stringify(pin.customVersion)}` : `revision ${pin.revisionName}`;
  // While updates are paused every new pod gets what is pinned.
  if (pin.policy !== "Partial" || updateStrategy.paused === true) return { asked, revision, partial: undefined };
  const { selector, partition } = updateStrategy;
  const compiled = selector === undefined ? undefined : labelSelector(selector);
  const percent = typeof partition === "string" ? /^([0-9]+)%$/.exec(partition)?.[1] : undefined;
  return {
    asked,
    revision,
    partial: {
      selected: (labels) => compiled?.matches(labels) ?? true,
      // A number of pods says nothing about one new pod.
      probability: percent === undefined ? 0 : Number(percent) / 100,
    },
  };
}

/**
 * What a pod gets of a set: the set as it is, or as it was at its pinned revision. A pod that was injected before keeps
 * which of the two it got, so that a second call does not draw again.
 *
 * @param draw from 0 up to 1, by chance
 * @returns the reason of a refusal where the revision is not there
 */
export function pinnedFor(
  set: CompiledSidecarSet,
  { labels, annotations }: { readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> },
  draw: number,
): CompiledSidecarSet | Cause {
  const { pin } = set;
  if (pin === undefined) return set;
  const { partial, revision } = pin;
  if (partial?.selected(labels)) {
    const before = hashBefore(set.name, annotations);
    const drawn = before === set.hash ? false : before !== undefined && before === revision?.hash ? true : draw < partial.probability;
    if (!drawn || partial.probability === 0) return set;
  }
  return revision ?? missing(set.name, pin);
}

function hashBefore(set: string, annotations: Readonly<Record<string, string>>): string | undefined {
  try {
    const entries = readHashes(HASH_ANNOTATION, annotations[HASH_ANNOTATION]);
    return Object.hasOwn(entries, set) ? entries[set]?.hash : undefined;
  } catch {
    return undefined;
  }
}

function missing(set: string, { asked }: CompiledPin): Cause {
  return {
    reason: "FieldValueInvalid",
    field: "metadata.labels",
    message: `Invalid value: SidecarSet ${JSON.stringify(set)}, which matches this pod, pins ${asked}, which is not there; mend the set's injectionStrategy`,
  };
}
