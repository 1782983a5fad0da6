import { isDeepStrictEqual } from "node:util";
import { controllerOf, labelSelector, objectKey } from "@outrigger/kit/api";
import { AlreadyExistsError, ConflictError } from "@outrigger/kit/client";
import { type Context, controller, requeue, startController } from "@outrigger/kit/controller";
import { Deployment, type Pod, Pod as Pods, ReplicaSet } from "../../objects/index.ts";
import { BY_OWNER, orphansIn } from "../indexes.ts";
import type { Loop } from "../loop.ts";
import { claim, hasEnded } from "../pods/index.ts";
import { podTemplateHash } from "../template-hash/index.ts";
import { againAfterConflict, difference, MANAGER, refusesContent, writeThroughStatus } from "../writes.ts";
import {
  annotationsOfNew,
  newReplicaSet,
  REVISION,
  replicaAnnotations,
  replicasOfNew,
  revisionOf,
  specReplicas,
  TEMPLATE_HASH,
  wanted,
} from "./replica-sets.ts";
import { active, type Step, scalingSteps, stepOfNew, stepsOfOld, surplus, wasScaled } from "./scale.ts";
import { condition, countedStatus, hasDeadline, isComplete, judgeAfter, rolloutStatus, type Status, withCondition } from "./status.ts";

type Ctx = Context<typeof Deployment, typeof ReplicaSet | typeof Pods>;

/** Brings ReplicaSets to what each Deployment asks for: rollouts, scaling, history, progress (`pkg/controller/deployment`). */
export const deploymentLoop: Loop = ({ client, informers, reporter, log }) => {
  const sets = informers.for(ReplicaSet);
  const pods = informers.for(Pods);
  const loop = controller(Deployment, { name: "deployment-controller", fieldManager: MANAGER, workers: 5 })
    .owns(ReplicaSet)
    .watches(ReplicaSet, (set) =>
      controllerOf(set)
        ? []
        : informers
            .for(Deployment)
            .lister.list({ namespace: set.metadata.namespace })
            .filter(({ spec }) => labelSelector(spec.selector).matches(set.metadata.labels))
            .map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name })),
    )
    .reconcile(
      againAfterConflict(async (deployment, ctx) => {
        const owned = await claim(client, Deployment, deployment, {
          resource: ReplicaSet,
          owned: ctx.owned(ReplicaSet),
          orphans: orphansIn(sets, deployment.metadata.namespace),
          selector: deployment.spec.selector,
          writer: ctx,
        });
        const podsOf = (set: ReplicaSet): readonly Pod[] => pods.lister.byIndex(BY_OWNER, set.metadata.uid);
        return new Sync(deployment, ctx, owned, podsOf).run();
      }),
    );
  // A Recreate rollout goes on when the last old pod is gone, which its set's status does not always show.
  pods.addHandler(
    {
      onDelete: (pod) => {
        const set =
          controllerOf(pod)?.kind === "ReplicaSet"
            ? sets.lister.get({ namespace: pod.metadata.namespace, name: controllerOf(pod)!.name })
            : undefined;
        const owner = set && controllerOf(set);
        const deployment = owner && informers.for(Deployment).lister.get({ namespace: pod.metadata.namespace, name: owner.name });
        if (deployment?.spec.strategy?.type === "Recreate")
          running.enqueue({ namespace: pod.metadata.namespace, name: deployment.metadata.name });
      },
    },
    { frozen: false },
  );
  const running = startController(loop, { client, informers, events: reporter("deployment-controller"), log });
  return running;
};

/** One look at one Deployment. */
class Sync {
  #deployment: Deployment;
  readonly #ctx: Ctx;
  #sets: readonly ReplicaSet[];
  readonly #podsOf: (set: ReplicaSet) => readonly Pod[];

  constructor(deployment: Deployment, ctx: Ctx, sets: readonly ReplicaSet[], podsOf: (set: ReplicaSet) => readonly Pod[]) {
    this.#deployment = deployment;
    this.#ctx = ctx;
    this.#sets = sets;
    this.#podsOf = podsOf;
  }

  async run(): Promise<ReturnType<typeof requeue.after>> {
    if (this.#deployment.metadata.deletionTimestamp !== undefined)
      return this.#writeStatus(countedStatus(this.#deployment, this.#sets, this.#fresh));
    await this.#notePause();
    if (this.#deployment.spec.paused || wasScaled(this.#deployment, this.#sets)) return this.#scale();
    return this.#deployment.spec.strategy?.type === "Recreate" ? this.#recreate() : this.#roll();
  }

  get #fresh(): ReplicaSet | undefined {
    return newReplicaSet(this.#deployment, this.#sets);
  }
  /** Sets with another template than the Deployment's. */
  get #old(): readonly ReplicaSet[] {
    const fresh = this.#fresh;
    return this.#sets.filter((set) => set.metadata.uid !== fresh?.metadata.uid);
  }

  async #roll(): Promise<ReturnType<typeof requeue.after>> {
    const fresh = await this.#freshRevision(true);
    if (!fresh) return undefined;
    const changed =
      (await this.#take(stepOfNew(this.#deployment, fresh, this.#sets))) ||
      (await this.#take(stepsOfOld(this.#deployment, fresh, active(this.#old))));
    if (!changed && isComplete(this.#deployment, this.#deployment.status ?? {})) await this.#cleanUp();
    return this.#writeRollout();
  }

  async #recreate(): Promise<ReturnType<typeof requeue.after>> {
    await this.#freshRevision(false);
    if (await this.#take(active(this.#old).map((set) => ({ set, replicas: 0 })))) return this.#writeRollout();
    const old = this.#old;
    if (old.some((set) => (set.status?.replicas ?? 0) > 0 || this.#podsOf(set).some((pod) => !hasEnded(pod)))) return this.#writeRollout();
    const fresh = await this.#freshRevision(true);
    if (!fresh) return undefined;
    await this.#take([{ set: fresh, replicas: wanted(this.#deployment) }]);
    if (isComplete(this.#deployment, this.#deployment.status ?? {})) await this.#cleanUp();
    return this.#writeRollout();
  }

  async #scale(): Promise<ReturnType<typeof requeue.after>> {
    const fresh = await this.#freshRevision(false);
    await this.#take(scalingSteps(this.#deployment, fresh, this.#old));
    if (this.#deployment.spec.paused) await this.#cleanUp();
    return this.#writeStatus(countedStatus(this.#deployment, this.#sets, this.#fresh));
  }

  /** The set with the Deployment's template at its revision; made when it is missing and `create` says so. */
  async #freshRevision(create: boolean): Promise<ReplicaSet | undefined> {
    const found = this.#fresh;
    const revision = Math.max(0, ...this.#old.map(revisionOf)) + 1;
    if (!found) return create ? this.#create(revision) : undefined;
    const annotations = annotationsOfNew(this.#deployment, found.metadata.annotations ?? {}, revision);
    const minReadySeconds = this.#deployment.spec.minReadySeconds ?? 0;
    if (!isDeepStrictEqual(annotations, found.metadata.annotations ?? {}) || (found.spec.minReadySeconds ?? 0) !== minReadySeconds) {
      return this.#update(found, { ...found, metadata: { ...found.metadata, annotations }, spec: { ...found.spec, minReadySeconds } });
    }
    const conditions = this.#deployment.status?.conditions ?? [];
    const unknown = hasDeadline(this.#deployment) && !condition(this.#deployment.status, "Progressing");
    const noted = unknown
      ? withCondition(conditions, {
          type: "Progressing",
          status: "True",
          reason: "FoundNewReplicaSet",
          message: `Found new replica set "${found.metadata.name}"`,
        })
      : conditions;
    await this.#note(found.metadata.annotations?.[REVISION] ?? String(revision), noted);
    return found;
  }

  async #create(revision: number): Promise<ReplicaSet | undefined> {
    const deployment = this.#deployment;
    const { template, selector, minReadySeconds = 0 } = deployment.spec;
    const hash = podTemplateHash(template, deployment.status?.collisionCount);
    const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash };
    const replicas = replicasOfNew(deployment, this.#sets, 0);
    const desired = {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        labels,
        annotations: { ...annotationsOfNew(deployment, {}, revision), ...replicaAnnotations(deployment) },
      },
      spec: {
        replicas,
        minReadySeconds,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
    const conditions = deployment.status?.conditions ?? [];
    let made: ReplicaSet;
    try {
      made = await this.#ctx.create(ReplicaSet, desired as never);
    } catch (error) {
      if (refusesContent(error)) return undefined;
      if (error instanceof AlreadyExistsError) return this.#collided(desired.metadata.name, error);
      const message = `Failed to create new replica set "${desired.metadata.name}": ${(error as Error).message}`;
      if (hasDeadline(deployment)) {
        await this.#put({
          ...deployment.status,
          conditions: withCondition(conditions, { type: "Progressing", status: "False", reason: "ReplicaSetCreateError", message }),
        });
      }
      this.#ctx.event("ReplicaSetCreateError", message, { type: "Warning" });
      throw error;
    }
    this.#sets = [...this.#sets, made];
    if (replicas > 0) this.#ctx.event("ScalingReplicaSet", `Scaled up replica set ${made.metadata.name} from 0 to ${replicas}`);
    const change = {
      type: "Progressing",
      status: "True",
      reason: "NewReplicaSetCreated",
      message: `Created new replica set "${made.metadata.name}"`,
    } as const;
    await this.#note(String(revision), hasDeadline(deployment) ? withCondition(conditions, change) : conditions);
    return made;
  }

  /** A set of that name is there: our own that the cache did not show, or another template's with the same hash. */
  async #collided(name: string, error: AlreadyExistsError): Promise<never> {
    const deployment = this.#deployment;
    const set = await this.#ctx.client.find(ReplicaSet, { namespace: deployment.metadata.namespace, name });
    if (set && controllerOf(set)?.uid === deployment.metadata.uid && newReplicaSet(deployment, [set])) throw error;
    await this.#put({ ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 });
    throw error;
  }

  /** Scales sets and notes by what; whether any changed its size. */
  async #take(steps: readonly Step[]): Promise<boolean> {
    let changed = false;
    for (const { set, replicas } of steps) {
      const before = specReplicas(set);
      const annotations = { ...set.metadata.annotations, ...replicaAnnotations(this.#deployment) };
      if (before === replicas && isDeepStrictEqual(annotations, set.metadata.annotations)) continue;
      await this.#update(set, { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec, replicas } });
      if (before === replicas) continue;
      changed = true;
      this.#ctx.event(
        "ScalingReplicaSet",
        `Scaled ${replicas > before ? "up" : "down"} replica set ${set.metadata.name} from ${before} to ${replicas}`,
      );
    }
    return changed;
  }

  async #update(before: ReplicaSet, after: ReplicaSet): Promise<ReplicaSet> {
    const updated = await this.#ctx.patch(ReplicaSet, objectKey(before), difference(before, after));
    this.#sets = this.#sets.map((one) => (one.metadata.uid === updated.metadata.uid ? updated : one));
    return updated;
  }

  async #cleanUp(): Promise<void> {
    for (const set of surplus(this.#deployment, this.#old)) await this.#ctx.delete(set);
  }

  /** A paused Deployment's progress is not judged. */
  async #notePause(): Promise<void> {
    const deployment = this.#deployment;
    const progressing = condition(deployment.status, "Progressing");
    if (!hasDeadline(deployment) || progressing?.reason === "ProgressDeadlineExceeded") return;
    const noted = progressing?.reason === "DeploymentPaused";
    if (Boolean(deployment.spec.paused) === noted) return;
    const [reason, message] = noted ? ["DeploymentResumed", "Deployment is resumed"] : ["DeploymentPaused", "Deployment is paused"];
    const conditions = withCondition(deployment.status?.conditions ?? [], { type: "Progressing", status: "Unknown", reason, message });
    await this.#put({ ...deployment.status, conditions });
  }

  /** The Deployment's revision annotation, which travels with its status, and conditions. */
  async #note(revision: string, conditions: Status["conditions"]): Promise<void> {
    const { metadata, status } = this.#deployment;
    if (metadata.annotations?.[REVISION] === revision && conditions === status?.conditions) return;
    if (metadata.annotations?.[REVISION] === revision && !status?.conditions && conditions?.length === 0) return;
    await this.#put({ ...status, ...(conditions?.length ? { conditions } : {}) }, { ...metadata.annotations, [REVISION]: revision });
  }

  async #writeRollout(): Promise<ReturnType<typeof requeue.after>> {
    return this.#writeStatus(rolloutStatus(this.#deployment, this.#sets, this.#fresh, Date.now()));
  }
  async #writeStatus(status: Status): Promise<ReturnType<typeof requeue.after>> {
    if (!isDeepStrictEqual(status, this.#deployment.status)) {
      await this.#put(status);
      return undefined;
    }
    const later = judgeAfter(this.#deployment, status, Date.now());
    return later === undefined ? undefined : requeue.after(later);
  }
  async #put(status: Status, annotations = this.#deployment.metadata.annotations): Promise<void> {
    try {
      await this.#putOver(this.#deployment, status, annotations);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      // Old news of our own making is no reason to forget what was just done; a changed wish is.
      const { client, signal } = this.#ctx;
      const live = await client.get(Deployment, objectKey(this.#deployment), { signal });
      if (live.metadata.uid !== this.#deployment.metadata.uid || live.metadata.generation !== this.#deployment.metadata.generation)
        throw error;
      await this.#putOver(live, status, annotations);
    }
  }
  async #putOver(before: Deployment, status: Status, annotations: Deployment["metadata"]["annotations"]): Promise<void> {
    const revision = annotations?.[REVISION];
    const metadata =
      revision === undefined
        ? before.metadata
        : { ...before.metadata, annotations: { ...before.metadata.annotations, [REVISION]: revision } };
    this.#deployment = await writeThroughStatus(
      this.#ctx.client,
      Deployment,
      before,
      { ...before, metadata, status } as Deployment,
      this.#ctx.signal,
    );
  }
}
