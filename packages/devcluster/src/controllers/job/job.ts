import { isDeepStrictEqual } from "node:util";
import { objectKey } from "@outrigger/kit/api";
import { NotFoundError } from "@outrigger/kit/client";
import { type Context, controller, requeue, startController } from "@outrigger/kit/controller";
import { Job, Pod } from "../../objects/index.ts";
import { orphansIn } from "../indexes.ts";
import type { Loop } from "../loop.ts";
import { claim, hasEnded, isActive, isReady, slowStart } from "../pods/index.ts";
import { againAfterConflict, type difference, MANAGER, refusesContent, timestamp, withoutFinalizer, writeStatus } from "../writes.ts";
import { indexesText, indexOf, isIndexed, isTracked, parseIndexes, podOf, TRACKING } from "./pods.ts";
import { failsIndex, failureCounts, failuresOf, failureVerdict, fulfilledRule } from "./policies.ts";

type Ctx = Context<typeof Job, typeof Pod>;
type Status = NonNullable<Job["status"]>;
type Condition = NonNullable<Status["conditions"]>[number];
interface End {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

/** What a look at the pods found. */
interface Counted {
  readonly status: Status;
  readonly indexes: Set<number>;
  readonly failedIndexes: Set<number>;
  /** Why the job's failure policy ends the job. */
  readonly fatal: string | undefined;
  readonly fresh: readonly Pod[];
  readonly lastFailure: number;
}

/** The pause after a failure, doubled each time. */
const BACKOFF_MS = 10_000;
const MAX_BACKOFF_MS = 360_000;

/** Runs the pods of each Job to their end, each counted once (`pkg/controller/job`), as its policies of failure and success say. */
export const jobLoop: Loop = ({ client, informers, reporter, log }) => {
  const pods = informers.for(Pod);
  const loop = controller(Job, { name: "job-controller", fieldManager: MANAGER, workers: 4 })
    .owns(Pod)
    .reconcile(
      againAfterConflict(async (job, ctx) => {
        const its = await claim(client, Job, job, {
          resource: Pod,
          owned: ctx.owned(Pod),
          orphans: orphansIn(pods, job.metadata.namespace),
          selector: job.spec.selector!,
          mayAdopt: isActive,
          writer: ctx,
        });
        if (job.metadata.deletionTimestamp !== undefined) return release(its, ctx);
        const finished = endOf(job);
        if (finished) {
          await release(
            its.filter((pod) => hasEnded(pod) || pod.metadata.deletionTimestamp !== undefined),
            ctx,
          );
          return expire(job, ctx);
        }
        return new Run(job, ctx, its).go();
      }),
    );
  const running = startController(loop, { client, informers, events: reporter("job-controller"), log });
  const jobs = informers.for(Job);
  // A job that is gone holds no pod back: neither those that it had, nor one that was made while it was deleted.
  const free = async (pod: Pod): Promise<void> => {
    if (!isTracked(pod)) return;
    const owner = pod.metadata.ownerReferences?.find(({ controller: controls, kind }) => controls && kind === "Job");
    const key = { name: owner?.name ?? "", namespace: pod.metadata.namespace };
    const isOwner = (job: Pick<Job, "metadata"> | undefined): boolean => job !== undefined && job.metadata.uid === owner?.uid;
    // The cache may not have the job yet: the API server knows.
    if (owner && (isOwner(jobs.lister.get(key)) || isOwner(await client.find(Job, key)))) return;
    await untrack(pod, (body) => client.patch(Pod, objectKey(pod), body));
  };
  const freed = (pod: Pod): void => {
    free(pod).catch((error: unknown) => log.warn({ err: error }, `pod ${pod.metadata.name} keeps the finalizer of its job`));
  };
  const registrations = [
    jobs.addHandler({
      onDelete: (job) => {
        for (const pod of pods.lister.list({ namespace: job.metadata.namespace }))
          if (pod.metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid)) freed(pod);
      },
    }),
    pods.addHandler({ onAdd: freed, onUpdate: freed }),
  ];
  return {
    ready: running.ready,
    async stop() {
      for (const registration of registrations) registration.remove();
      await running.stop();
    },
  };
};

function endOf({ status }: Job): Condition | undefined {
  return status?.conditions?.find(({ type, status: value }) => (type === "Complete" || type === "Failed") && value === "True");
}
/** When the last of a pod's containers ended, in milliseconds; 0 where none says. */
function endOfContainers({ status }: Pod): number {
  const ends = status?.containerStatuses?.map(({ state }) => Date.parse(String(state?.terminated?.finishedAt))) ?? [];
  return Math.max(0, ...ends.filter((time) => !Number.isNaN(time)));
}
async function untrack(pod: Pod, patch: (body: ReturnType<typeof difference>) => Promise<unknown>): Promise<void> {
  try {
    await patch(withoutFinalizer(pod, TRACKING));
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
async function release(pods: readonly Pod[], ctx: Ctx): Promise<void> {
  for (const pod of pods.filter(isTracked)) await untrack(pod, (body) => ctx.patch(Pod, objectKey(pod), body));
}
/** A finished job goes after its time to live. */
async function expire(job: Job, ctx: Ctx): Promise<ReturnType<typeof requeue.after>> {
  const { ttlSecondsAfterFinished } = job.spec;
  if (ttlSecondsAfterFinished === undefined) return undefined;
  const left = Date.parse(String(endOf(job)?.lastTransitionTime)) + ttlSecondsAfterFinished * 1000 - Date.now();
  if (left > 0) return requeue.after(left);
  await ctx.client.delete(Job, objectKey(job), { propagationPolicy: "Foreground", preconditions: { uid: job.metadata.uid } });
  return undefined;
}

/** One look at one unfinished job. */
class Run {
  readonly #job: Job;
  readonly #ctx: Ctx;
  readonly #pods: readonly Pod[];
  readonly #now = new Date();

  constructor(job: Job, ctx: Ctx, pods: readonly Pod[]) {
    this.#job = job;
    this.#ctx = ctx;
    this.#pods = pods;
  }

  async go(): Promise<ReturnType<typeof requeue.after>> {
    const job = this.#job;
    const before = job.status ?? {};
    const active = this.#pods.filter(isActive);
    const counted = await this.#count();
    const end = this.#end(counted, active.length);
    const suspended = job.spec.suspend === true;
    let live = active;
    if (end || suspended) {
      for (const pod of active) await this.#remove(pod);
      live = [];
    }
    const startTime = suspended ? undefined : (before.startTime ?? timestamp(this.#now));
    const conditions = this.#conditions(end, suspended);
    const more = end || suspended ? { made: 0, later: undefined } : await this.#scale(active, counted);
    const { startTime: _s, active: _a, completedIndexes: _i, conditions: _c, ...rest } = counted.status;
    const number = live.length + more.made;
    const status = {
      ...rest,
      ...(startTime ? { startTime } : {}),
      ...(number > 0 ? { active: number } : {}),
      ready: live.filter(isReady).length,
      terminating: this.#pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !hasEnded(pod)).length,
      ...(isIndexed(job) && counted.indexes.size > 0 ? { completedIndexes: indexesText(counted.indexes) } : {}),
      ...(conditions.length > 0 ? { conditions } : {}),
      ...(end?.type === "Complete" ? { completionTime: timestamp(this.#now) } : {}),
      ...(job.spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: indexesText(counted.failedIndexes) }),
      uncountedTerminatedPods: counted.status.uncountedTerminatedPods ?? {},
    };
    if (!isDeepStrictEqual(status, job.status)) await writeStatus(this.#ctx.client, Job, job, status, this.#ctx.signal);
    // Counted and written: the pods may go.
    await release(counted.fresh, this.#ctx);
    if (end)
      this.#ctx.event(end.type === "Complete" ? "Completed" : end.reason, end.type === "Complete" ? "Job completed" : end.message, {
        type: end.type === "Complete" ? "Normal" : "Warning",
      });
    return this.#again(more.later, startTime as string | undefined);
  }

  /** Adds pods that ended to the counts. A pod stands in the status by uid until it lost its finalizer, so none counts twice. */
  async #count(): Promise<Counted> {
    const before = this.#job.status ?? {};
    const known = new Set([...(before.uncountedTerminatedPods?.succeeded ?? []), ...(before.uncountedTerminatedPods?.failed ?? [])]);
    const indexes = parseIndexes(before.completedIndexes);
    const ended = this.#pods.filter((pod) => isTracked(pod) && (hasEnded(pod) || pod.metadata.deletionTimestamp !== undefined));
    const fresh = ended.filter(({ metadata }) => !known.has(metadata.uid));
    const good = fresh.filter(({ status }) => status?.phase === "Succeeded");
    const bad = fresh.filter(({ status }) => status?.phase !== "Succeeded");
    let lastFailure = 0;
    for (const pod of this.#pods.filter(({ status }) => status?.phase === "Failed")) {
      lastFailure = Math.max(lastFailure, endOfContainers(pod));
    }
    let succeeded = before.succeeded ?? 0;
    for (const pod of good) {
      const index = indexOf(pod);
      if (!isIndexed(this.#job)) succeeded++;
      else if (index !== undefined) indexes.add(index);
    }
    if (isIndexed(this.#job)) succeeded = indexes.size;
    const failedIndexes = parseIndexes(before.failedIndexes);
    let counting = 0;
    let fatal: string | undefined;
    for (const pod of bad) {
      const verdict = failureVerdict(this.#job, pod);
      if (verdict?.action !== "Ignore") counting++;
      if (verdict?.action === "FailJob") fatal ??= verdict.message;
      if (pod.status?.phase === "Failed" && failsIndex(this.#job, pod, verdict?.action)) failedIndexes.add(indexOf(pod)!);
    }
    const failed = (before.failed ?? 0) + counting;
    // Those of before that still have their finalizer stay named; the others are done with.
    const still = ended.filter(({ metadata }) => known.has(metadata.uid));
    const uids = (pods: readonly Pod[]): string[] => pods.map(({ metadata }) => metadata.uid).sort();
    const named = (phase: boolean): string[] =>
      uids([...still, ...fresh].filter(({ status }) => (status?.phase === "Succeeded") === phase));
    const uncounted = {
      ...(named(true).length > 0 ? { succeeded: named(true) } : {}),
      ...(named(false).length > 0 ? { failed: named(false) } : {}),
    };
    const { succeeded: _s, failed: _f, uncountedTerminatedPods: _u, ...rest } = before;
    const status = {
      ...rest,
      ...(succeeded > 0 ? { succeeded } : {}),
      ...(failed > 0 ? { failed } : {}),
      uncountedTerminatedPods: uncounted,
    };
    return { status, indexes, failedIndexes, fatal, fresh: [...still, ...fresh], lastFailure };
  }

  #end({ status: { succeeded = 0, failed = 0 }, indexes, failedIndexes, fatal }: Counted, active: number): End | undefined {
    const { completions, backoffLimit = 6, activeDeadlineSeconds, suspend, maxFailedIndexes } = this.#job.spec;
    const startTime = this.#job.status?.startTime;
    if (fatal !== undefined) return { type: "Failed", reason: "PodFailurePolicy", message: fatal };
    const rule = fulfilledRule(this.#job, indexes);
    if (rule !== undefined) return { type: "Complete", reason: "SuccessPolicy", message: `Matched rules at index ${rule}` };
    if (maxFailedIndexes !== undefined && failedIndexes.size > maxFailedIndexes)
      return {
        type: "Failed",
        reason: "MaxFailedIndexesExceeded",
        message: "Job has exceeded the specified maximal number of failed indexes",
      };
    if (failedIndexes.size > 0 && completions !== undefined && indexes.size + failedIndexes.size >= completions && active === 0)
      return { type: "Failed", reason: "FailedIndexes", message: "Job has failed indexes" };
    if (failed > backoffLimit)
      return { type: "Failed", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
    if (
      !suspend &&
      activeDeadlineSeconds !== undefined &&
      startTime &&
      Date.parse(String(startTime)) + activeDeadlineSeconds * 1000 <= this.#now.getTime()
    ) {
      return { type: "Failed", reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };
    }
    const done =
      completions === undefined ? succeeded > 0 && active === 0 : (isIndexed(this.#job) ? indexes.size : succeeded) >= completions;
    return done ? { type: "Complete", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" } : undefined;
  }

  #conditions(end: End | undefined, suspended: boolean): readonly Condition[] {
    const at = timestamp(this.#now);
    let conditions = this.#job.status?.conditions ?? [];
    const set = (type: string, status: string, reason: string, message: string): void => {
      conditions = [
        ...conditions.filter((one) => one.type !== type),
        { type, status, reason, message, lastProbeTime: at, lastTransitionTime: at },
      ];
    };
    const noted = conditions.find(({ type }) => type === "Suspended")?.status;
    if (!end && suspended && noted !== "True") {
      set("Suspended", "True", "JobSuspended", "Job suspended");
      this.#ctx.event("Suspended", "Job suspended");
    } else if (!end && !suspended && noted === "True") {
      set("Suspended", "False", "JobResumed", "Job resumed");
      this.#ctx.event("Resumed", "Job resumed");
    }
    if (end) {
      set(end.type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget", "True", end.reason, end.message);
      set(end.type, "True", end.reason, end.message);
    }
    return conditions;
  }

  /** As many pods as the job may run now, after a pause when the last ones failed. */
  async #scale(
    active: readonly Pod[],
    { status, indexes, failedIndexes, lastFailure }: Counted,
  ): Promise<{ readonly made: number; readonly later: number | undefined }> {
    const { parallelism = 1, completions } = this.#job.spec;
    const succeeded = status.succeeded ?? 0;
    const leaving = this.#pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !hasEnded(pod)).length;
    const left =
      completions === undefined
        ? succeeded > 0
          ? active.length
          : parallelism
        : Math.min(parallelism, completions - succeeded - failedIndexes.size);
    const missing = left - active.length - leaving;
    if (missing < 0) {
      for (const pod of active.slice(0, -missing)) await this.#remove(pod);
      return { made: 0, later: undefined };
    }
    if (missing === 0) return { made: 0, later: undefined };
    const pause = Math.min(BACKOFF_MS * 2 ** Math.max(0, (status.failed ?? 0) - 1), MAX_BACKOFF_MS);
    const perIndex = this.#job.spec.backoffLimitPerIndex !== undefined;
    const wait = !perIndex && (status.failed ?? 0) > 0 && lastFailure > 0 ? lastFailure + pause - this.#now.getTime() : 0;
    if (wait > 0) return { made: 0, later: wait };
    const running = new Set(active.map(indexOf));
    const open = isIndexed(this.#job)
      ? Array.from({ length: completions ?? 0 }, (_, index) => index).filter(
          (index) => !indexes.has(index) && !running.has(index) && !failedIndexes.has(index),
        )
      : [];
    // Each index has a pause of its own where each has its own limit.
    const lastFailed = perIndex ? this.#lastFailed() : new Map<number, Pod>();
    const pauses = open.map((index) => this.#pauseAfter(lastFailed.get(index)));
    const free = open.filter((_, place) => pauses[place]! <= 0);
    const waiting = pauses.filter((ms) => ms > 0);
    const later = waiting.length > 0 ? Math.min(...waiting) : undefined;
    const { done, error } = await slowStart(isIndexed(this.#job) ? Math.min(missing, free.length) : missing, async () => {
      const index = isIndexed(this.#job) ? free.shift() : undefined;
      const counts = failureCounts(this.#job, index === undefined ? undefined : lastFailed.get(index));
      const made = await this.#ctx.create(Pod, podOf(this.#job, index, counts) as never);
      this.#ctx.event("SuccessfulCreate", `Created pod: ${made.metadata.name}`);
    });
    if (error !== undefined && !refusesContent(error)) {
      this.#ctx.event("FailedCreate", `Error creating: ${(error as Error).message}`, { type: "Warning" });
      if (done === 0) throw error;
    }
    return { made: done, later };
  }

  /** Of each index, the pod that failed last. */
  #lastFailed(): ReadonlyMap<number, Pod> {
    const last = new Map<number, Pod>();
    for (const pod of this.#pods) {
      const index = indexOf(pod);
      if (index === undefined || pod.status?.phase !== "Failed") continue;
      const known = last.get(index);
      if (!known || failuresOf(pod) > failuresOf(known)) last.set(index, pod);
    }
    return last;
  }
  /** Milliseconds until the index of a failed pod may be tried again. */
  #pauseAfter(last: Pod | undefined): number {
    const at = last ? endOfContainers(last) : 0;
    if (!last || at === 0) return 0;
    return at + Math.min(BACKOFF_MS * 2 ** (failuresOf(last) - 1), MAX_BACKOFF_MS) - this.#now.getTime();
  }

  async #remove(pod: Pod): Promise<void> {
    await this.#ctx.delete(pod);
    this.#ctx.event("SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`);
  }

  #again(later: number | undefined, startTime: string | undefined): ReturnType<typeof requeue.after> {
    const { activeDeadlineSeconds } = this.#job.spec;
    const deadline =
      activeDeadlineSeconds === undefined || !startTime
        ? undefined
        : Math.max(1, Date.parse(startTime) + activeDeadlineSeconds * 1000 - Date.now());
    const next = Math.min(later ?? Number.POSITIVE_INFINITY, deadline ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(next) ? requeue.after(next) : undefined;
  }
}
