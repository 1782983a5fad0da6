import { ConflictError, NotFoundError, StatusError, TooManyRequestsError } from "@outrigger/kit/client";
import { type Result, requeue, TerminalError } from "@outrigger/kit/controller";
import { ControllerRevision, Namespace, Pod } from "@outrigger/kit/kinds";
import { compileSelector } from "../pipeline/index.ts";
import { Draft, type Pod as WholePod } from "../pod/index.ts";
import { isActive, rejectedClaims, type SeenPod } from "../seen-pod/index.ts";
import {
  clashes,
  compileSidecarSet,
  patchPodMetadata,
  REPAIR_ANNOTATION,
  type SetRevision,
  type SidecarSet,
  SidecarSets,
} from "../sidecarset/index.ts";
import { changedPods } from "./changed.ts";
import { type Choice, choose } from "./choose.ts";
import type { RolloutContext } from "./controller.ts";
import { emptied, type InPlaceChange, patchOf, updated } from "./in-place.ts";
import { isMissed } from "./missed.ts";
import { upgradableCondition } from "./pod-condition.ts";
import { carriedRevision, type PodState, podState } from "./pod-state.ts";
import { CLAIM_REJECTED, claimsText, claimText } from "./rejected-claims.ts";
import { planRevision, surplusRevisions } from "./revisions.ts";
import { type RolloutSet, rolloutSet } from "./rollout-set.ts";
import type { Shared } from "./shared.ts";
import { OBSTRUCTED, obstructedStatus, rolloutStatus } from "./status.ts";

/** Pods written in one run; the rest comes in the next, on counts that are up to date. */
const AT_ONCE = 50;
/** A refused update is tried again after this. */
const AGAIN_MS = 30_000;
/** Between two evictions of one set. */
const EVICTION_EVERY_MS = 5_000;
/** A namespace with this label holds control planes, into whose pods nothing is injected. */
const CONTROL_PLANE_LABEL = "control-plane";

/** One reconcile of one set. */
export class Rollout {
  readonly #set: SidecarSet;
  readonly #ctx: RolloutContext;
  readonly #shared: Shared;
  readonly #now: Date;

  constructor(set: SidecarSet, ctx: RolloutContext, shared: Shared) {
    this.#set = set;
    this.#ctx = ctx;
    this.#shared = shared;
    this.#now = shared.now();
  }

  async run(): Promise<Result> {
    if (this.#set.metadata.deletionTimestamp !== undefined) return undefined;
    const obstacle = this.#shared.options.obstacle?.();
    if (obstacle !== undefined) return this.#standBack(obstacle);
    const rollout = this.#compiled();
    const revisions = this.#ctx.owned(ControllerRevision) as unknown as readonly SetRevision[];
    const { latest, collisionCount } = await this.#register(revisions);
    const members = this.#members(rollout);
    const pods = members.flatMap((pod) => podState(pod, rollout) ?? []);
    const missed = this.#missed(members);
    const claimants = this.#claimants();
    const refused = this.#shared.refusals.current(rollout.name, pods, rollout.hash, this.#now.getTime(), AGAIN_MS);
    const choice = withoutRefused(choose(pods, rollout.strategy), refused, pods, rollout);
    const changed = changedPods(choice, this.#set, revisions);
    const observed = {
      pods,
      choice,
      changed,
      missed,
      claimants,
      refused,
      latestRevision: latest,
      collisionCount,
      clashes: clashes(this.#set, this.#shared.conflicts.neighbours(this.#set)),
    };
    await this.#ctx.status(rolloutStatus(this.#set, observed, this.#now) as never);
    this.#tellClaims(claimants);

    const flipped = await this.#empty(pods, rollout);
    await this.#notUpgradable(changed, rollout);
    // What is emptied is down until its kubelet has done it: the next run, which sees that, goes on.
    const again = flipped > 0 ? false : await this.#update(choice.next.slice(0, AT_ONCE), rollout, latest);
    const carried = new Set(pods.flatMap((state) => carriedRevision(state, revisions)?.metadata.name ?? []));
    for (const surplus of surplusRevisions(this.#set, revisions, latest, carried)) await this.#ctx.delete(surplus as never);
    const repairMs = await this.#repair(missed);
    const waits = [...(again || refused.size > 0 ? [AGAIN_MS] : []), ...(repairMs === undefined ? [] : [repairMs])];
    return waits.length === 0 ? undefined : requeue.after(Math.min(...waits));
  }

  /** Another manager has the set: it is told why nothing is done, and its pods, revisions and counts are left to that one. */
  async #standBack(why: string): Promise<undefined> {
    await this.#ctx.status(obstructedStatus(this.#set, why, this.#now) as never);
    this.#ctx.event(OBSTRUCTED, why, { type: "Warning" });
  }

  #compiled(): RolloutSet {
    try {
      return rolloutSet(this.#set);
    } catch (error) {
      throw new TerminalError(`SidecarSet ${this.#set.metadata.name}: ${(error as Error).message}`);
    }
  }

  /** Makes the set as it is its newest revision. @returns the revision's name */
  async #register(revisions: readonly SetRevision[]): Promise<{ latest: string; collisionCount: number }> {
    const ctx = this.#ctx;
    const { namespace } = this.#shared.options;
    let collisionCount = this.#set.status?.collisionCount ?? 0;
    for (;;) {
      const plan = planRevision(this.#set, revisions, namespace, collisionCount);
      const name = plan.latest.metadata.name!;
      collisionCount = plan.collisionCount;
      if (plan.do === "renew") {
        const { labels, annotations } = plan.latest.metadata;
        const patch = { metadata: { labels, annotations }, revision: plan.latest.revision };
        await ctx.patch(ControllerRevision, { namespace, name }, { type: "merge", patch });
      } else if (plan.do === "create") {
        try {
          await ctx.create(ControllerRevision, plan.latest as never);
        } catch (error) {
          if (!(error instanceof ConflictError) && !(error instanceof StatusError && error.status.reason === "AlreadyExists")) throw error;
          const there = (await ctx.client.find(ControllerRevision, { namespace, name })) as unknown as SetRevision | undefined;
          // An earlier life of a set of this name, or one that the cache does not show yet.
          if (there !== undefined && !isOurs(there, this.#set)) {
            collisionCount++;
            continue;
          }
          throw error;
        }
      }
      return { latest: name, collisionCount };
    }
  }

  /** The pods that selector and namespaceSelector match. */
  #members(rollout: RolloutSet): SeenPod[] {
    const ctx = this.#ctx;
    const all = (): Iterable<SeenPod> => ctx.list(Pod) as unknown as readonly SeenPod[];
    const inNamespace = new Map<string, boolean>();
    const matches = (namespace: string): boolean => {
      let known = inNamespace.get(namespace);
      if (known === undefined) {
        known = rollout.namespaces(ctx.get(Namespace, { name: namespace })?.metadata.labels ?? {});
        inNamespace.set(namespace, known);
      }
      return known;
    };
    const members: SeenPod[] = [];
    for (const key of this.#shared.membership.podsOf(rollout.name, all)) {
      const slash = key.indexOf("/");
      const [namespace, name] = [key.slice(0, slash), key.slice(slash + 1)];
      if (!matches(namespace)) continue;
      const pod = ctx.get(Pod, { namespace, name }) as unknown as SeenPod | undefined;
      if (pod !== undefined && rollout.pods(pod.metadata.labels ?? {})) members.push(pod);
    }
    return members;
  }

  #missed(members: readonly SeenPod[]): { readonly key: string; readonly pod: SeenPod }[] {
    const ctx = this.#ctx;
    const { excludedNamespaces, namespace: own } = this.#shared.options;
    const canaries = this.#shared.canariesOf(this.#set.metadata.name!).flatMap((name) => {
      const canary = ctx.get(SidecarSets, { name }) as unknown as SidecarSet | undefined;
      return canary === undefined ? [] : [compileSelector(canary.spec.selector)];
    });
    return members.flatMap((pod) => {
      const { namespace, name } = pod.metadata;
      if (namespace === own || excludedNamespaces.includes(namespace) || !isMissed(pod, this.#set, canaries)) return [];
      const labels = ctx.get(Namespace, { name: namespace })?.metadata.labels ?? {};
      return CONTROL_PLANE_LABEL in labels ? [] : [{ key: `${namespace}/${name}`, pod }];
    });
  }

  /** Pods whose record claims about the set what is not so; those that ended do not count. */
  #claimants(): SeenPod[] {
    const name = this.#set.metadata.name!;
    const all = (): Iterable<SeenPod> => this.#ctx.list(Pod) as unknown as readonly SeenPod[];
    return [...this.#shared.membership.claimantsOf(name, all)].flatMap((key) => {
      const slash = key.indexOf("/");
      const pod = this.#ctx.get(Pod, { namespace: key.slice(0, slash), name: key.slice(slash + 1) }) as unknown as SeenPod | undefined;
      return pod !== undefined && isActive(pod) && rejectedClaims(pod).includes(name) ? [pod] : [];
    });
  }

  #tellClaims(claimants: readonly SeenPod[]): void {
    const name = this.#set.metadata.name!;
    const news = this.#shared.claims.news(name, claimants);
    if (news.length === 0) return;
    this.#ctx.event(CLAIM_REJECTED, claimsText(claimants), { type: "Warning" });
    for (const pod of news) this.#ctx.event(CLAIM_REJECTED, `SidecarSet ${name}: ${claimText(pod)}`, { type: "Warning", about: pod });
  }

  /** Takes containers out of service whose hot upgrade is done. @returns how many pods were written */
  async #empty(pods: readonly PodState[], rollout: RolloutSet): Promise<number> {
    let written = 0;
    for (const state of pods) {
      if (!state.updated) continue;
      const change = emptied(state.pod, rollout, this.#time);
      if (change !== undefined && (await this.#write(state, change, rollout))) written++;
    }
    return written;
  }

  /** @returns whether some update was refused */
  async #update(next: readonly PodState[], rollout: RolloutSet, latest: string): Promise<boolean> {
    let refused = false;
    for (const state of next) {
      this.#ctx.signal.throwIfAborted();
      const change = updated(state.pod, rollout, latest, this.#time);
      const written = await this.#write(state, change, rollout);
      if (written === undefined) refused = true;
      if (!written) continue;
      const what = change.images.map(({ container, from, to }) => `${container}: ${from} to ${to}`).join(", ");
      this.#ctx.event("SidecarUpdated", `SidecarSet ${rollout.name}, revision ${latest}: ${what || "no image changed"}`, {
        about: state.pod,
      });
      await this.#condition(state, undefined, rollout);
    }
    return refused;
  }

  async #notUpgradable(changed: ReadonlyMap<PodState, string>, rollout: RolloutSet): Promise<void> {
    let told = 0;
    for (const [state, what] of changed) {
      const text = `${what}; the pod gets it when it is created anew`;
      if (!(await this.#condition(state, text, rollout))) continue;
      told++;
      this.#ctx.event("SidecarNotUpgradable", `SidecarSet ${rollout.name} cannot update the pod in place: ${text}`, {
        type: "Warning",
        about: state.pod,
      });
    }
    if (told === 0) return;
    const [what] = changed.values();
    this.#ctx.event("NotUpgradablePods", `${changed.size} pod(s) cannot be updated in place and are left alone: ${what}`);
  }

  /** Says on the pod whether the set can update it. @returns whether that is news */
  async #condition({ pod }: PodState, changed: string | undefined, { name }: RolloutSet): Promise<boolean> {
    const condition = upgradableCondition(pod, name, changed, this.#time);
    if (condition === undefined) return false;
    const { namespace, name: podName } = pod.metadata;
    const body = { type: "strategic" as const, patch: { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } } };
    const options = { subresource: "status", fieldManager: "outrigger-manager", signal: this.#ctx.signal };
    try {
      await this.#ctx.client.patch(Pod, { namespace, name: podName }, body, options);
      return true;
    } catch (error) {
      // Gone, or another pod of its name.
      if (error instanceof NotFoundError || error instanceof ConflictError) return false;
      throw error;
    }
  }

  /** Writes a pod as it was seen. @returns false where it is another by now, nothing where the API server refuses */
  async #write(state: PodState, change: InPlaceChange, rollout: RolloutSet): Promise<boolean | undefined> {
    const { namespace, name } = state.pod.metadata;
    try {
      const patch = patchOf(state.pod, await this.#withMetadata(state.pod, change));
      await this.#ctx.patch(Pod, { namespace, name }, { type: "strategic", patch });
      return true;
    } catch (error) {
      if (error instanceof NotFoundError || error instanceof ConflictError) return false;
      if (!(error instanceof StatusError) || error.status.code === undefined || error.status.code >= 500 || error.status.code === 429)
        throw error;
      this.#shared.refusals.note(rollout.name, state, rollout.hash, error.message, this.#now.getTime());
      this.#ctx.event("UpdateRefused", `pod ${state.key}: ${error.message}`, { type: "Warning" });
      this.#ctx.event("UpdateRefused", `SidecarSet ${rollout.name}: ${error.message}`, { type: "Warning", about: state.pod });
      return undefined;
    }
  }

  /** With the set's patches of annotations, for which the whole pod is asked for: the cache keeps few of its annotations. */
  async #withMetadata(pod: SeenPod, change: InPlaceChange): Promise<InPlaceChange> {
    if ((this.#set.spec.patchPodMetadata ?? []).length === 0) return change;
    const { namespace, name, resourceVersion } = pod.metadata;
    const whole = (await this.#ctx.client.get(Pod, { namespace, name })) as unknown as WholePod;
    if (whole.metadata.resourceVersion !== resourceVersion) return change;
    const draft = new Draft(whole);
    const { changed } = patchPodMetadata(draft, compileSidecarSet(this.#set));
    return {
      ...change,
      annotations: { ...Object.fromEntries(changed.map((key) => [key, draft.annotations[key]!])), ...change.annotations },
    };
  }

  /** Evicts one pod that missed its injection, where the set asks for it. @returns when to come again, in milliseconds */
  async #repair(missed: readonly { readonly key: string; readonly pod: SeenPod }[]): Promise<number | undefined> {
    const set = this.#set;
    if (missed.length === 0) return undefined;
    if (set.metadata.annotations?.[REPAIR_ANNOTATION] !== "evict") {
      this.#ctx.event("InjectionMissed", `${missed.length} pod(s) match and were not injected when they were created: ${missed[0]!.key}`, {
        type: "Warning",
      });
      return undefined;
    }
    // A pod that nobody creates anew would be lost.
    const owned = missed.filter(({ pod }) => pod.metadata.ownerReferences?.some(({ controller }) => controller === true));
    if (owned.length === 0) return undefined;
    const wait = this.#shared.evictionIn(set.metadata.name!, EVICTION_EVERY_MS);
    if (wait > 0) return wait;
    for (const { key, pod } of owned) {
      const { namespace, name, uid } = pod.metadata;
      try {
        await this.#ctx.client.evict({ namespace, name }, { preconditions: { uid } });
        this.#ctx.event("InjectionRepaired", `evicted pod ${key}, which was created without the set's containers`);
        this.#ctx.event("InjectionRepaired", `evicted: created without the containers of SidecarSet ${set.metadata.name}`, { about: pod });
        break;
      } catch (error) {
        if (error instanceof NotFoundError || error instanceof ConflictError || error instanceof TooManyRequestsError) continue;
        throw error;
      }
    }
    return EVICTION_EVERY_MS;
  }

  get #time(): string {
    return `${this.#now.toISOString().slice(0, 19)}Z`;
  }
}

/** The choice with others in the place of pods whose update was refused a moment ago. */
function withoutRefused(choice: Choice, refused: ReadonlyMap<string, string>, pods: readonly PodState[], rollout: RolloutSet): Choice {
  if (refused.size === 0 || !choice.next.some(({ key }) => refused.has(key))) return choice;
  const others = choose(
    pods.map((state) => (refused.has(state.key) ? { ...state, selected: false } : state)),
    rollout.strategy,
  );
  return { ...others, waiting: others.waiting };
}

function isOurs({ metadata }: SetRevision, set: SidecarSet): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) === true;
}
