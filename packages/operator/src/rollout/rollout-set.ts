import { compileSelector, type Matches } from "../pipeline/index.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION, hashSidecarSet, hashWithoutImage, type SidecarSet } from "../sidecarset/index.ts";

/** A set as its rollout sees it. */
export interface RolloutSet {
  readonly name: string;
  readonly hash: string;
  readonly hashWithoutImage: string;
  /** Changes with every write of the set; goes into the version annotations of hot-upgraded containers. */
  readonly version: string;
  readonly sidecars: readonly RolloutSidecar[];
  readonly strategy: RolloutStrategy;
  readonly pods: Matches;
  readonly namespaces: Matches;
}

export interface RolloutSidecar {
  readonly name: string;
  readonly image: string;
  /** The image of the idle one of a hot-upgrade pair; absent of other containers. */
  readonly emptyImage?: string;
}

export interface RolloutStrategy {
  readonly notUpdate: boolean;
  readonly paused: boolean;
  /** Pods that may be updated; all where absent. */
  readonly selector?: Matches;
  readonly partition: number | string;
  readonly maxUnavailable: number | string;
  readonly weights: readonly { readonly weight: number; readonly matches: Matches }[];
  readonly orderedKeys: readonly string[];
  readonly scatter: readonly { readonly key: string; readonly value: string }[];
}

/** @throws SelectorError where a selector of the set is not valid */
export function rolloutSet(set: SidecarSet): RolloutSet {
  const { spec, metadata } = set;
  return {
    name: metadata.name ?? "",
    hash: metadata.annotations?.[HASH_ANNOTATION] ?? hashSidecarSet(spec),
    hashWithoutImage: metadata.annotations?.[HASH_WITHOUT_IMAGE_ANNOTATION] ?? hashWithoutImage(spec),
    version: metadata.resourceVersion ?? "1",
    sidecars: (spec.containers ?? []).map(({ name, image = "", upgradeStrategy }) => ({
      name,
      image,
      ...(upgradeStrategy?.upgradeType === "HotUpgrade" ? { emptyImage: upgradeStrategy.hotUpgradeEmptyImage ?? "" } : {}),
    })),
    strategy: rolloutStrategy(spec.updateStrategy),
    pods: compileSelector(spec.selector),
    namespaces: compileSelector(spec.namespaceSelector),
  };
}

function rolloutStrategy(given: SidecarSet["spec"]["updateStrategy"] = {}): RolloutStrategy {
  const { priorityStrategy = {}, selector } = given;
  return {
    notUpdate: given.type === "NotUpdate",
    paused: given.paused === true,
    ...(selector === undefined ? {} : { selector: compileSelector(selector) }),
    partition: given.partition ?? 0,
    maxUnavailable: given.maxUnavailable ?? 1,
    weights: (priorityStrategy.weightPriority ?? []).map(({ weight, matchSelector }) => ({
      weight,
      matches: compileSelector(matchSelector),
    })),
    orderedKeys: (priorityStrategy.orderPriority ?? []).map(({ orderedKey }) => orderedKey),
    scatter: given.scatterStrategy ?? [],
  };
}
