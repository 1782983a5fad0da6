import { isDeepStrictEqual } from "node:util";
import { objectKey, ownerReference, Schedule, ScheduleError } from "@outrigger/kit/api";
import { AlreadyExistsError } from "@outrigger/kit/client";
import { controller, requeue, startController } from "@outrigger/kit/controller";
import { CronJob, Job } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { againAfterConflict, MANAGER, refusesContent, timestamp, writeStatus } from "../writes.ts";

/** Times missed since the last run beyond which only the last counts. */
const MISSED_AT_MOST = 100;
const SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/** Longest timer that Node takes, milliseconds. */
const LONGEST_MS = 2_000_000_000;

const isOver = ({ status }: Job, type?: string): boolean =>
  (status?.conditions ?? []).some(
    (condition) =>
      (type ? condition.type === type : condition.type === "Complete" || condition.type === "Failed") && condition.status === "True",
  );

/** Makes a Job whenever a CronJob's schedule says so, and cleans old ones up (`pkg/controller/cronjob`). */
export const cronJobLoop: Loop = ({ client, informers, reporter, log }) => {
  const loop = controller(CronJob, { name: "cronjob-controller", fieldManager: MANAGER, workers: 2 })
    .owns(Job)
    .reconcile(
      againAfterConflict(async (cron, ctx) => {
        if (cron.metadata.deletionTimestamp !== undefined) return;
        const jobs = ctx.owned(Job);
        let active = cron.status?.active ?? [];
        let lastSuccessfulTime = cron.status?.lastSuccessfulTime;
        for (const job of jobs) {
          const listed = active.some(({ uid }) => uid === job.metadata.uid);
          if (!listed && !isOver(job)) {
            ctx.event("UnexpectedJob", `Saw a job that the controller did not create or forgot: ${job.metadata.name}`, { type: "Warning" });
          } else if (listed && isOver(job)) {
            active = active.filter(({ uid }) => uid !== job.metadata.uid);
            const status = isOver(job, "Complete") ? "Complete" : "Failed";
            ctx.event("SawCompletedJob", `Saw completed job: ${job.metadata.name}, condition: ${status}`);
          }
          const at = isOver(job, "Complete") ? job.status?.completionTime : undefined;
          if (at && (!lastSuccessfulTime || String(at) > String(lastSuccessfulTime))) lastSuccessfulTime = at;
        }
        for (const reference of active) {
          if (jobs.some(({ metadata }) => metadata.uid === reference.uid)) continue;
          ctx.event("MissingJob", `Active job went missing: ${reference.name}`);
          active = active.filter(({ uid }) => uid !== reference.uid);
        }
        await cleanUp(
          cron,
          jobs,
          (job) => ctx.client.delete(Job, objectKey(job), { propagationPolicy: "Background", preconditions: { uid: job.metadata.uid } }),
          ctx.event.bind(ctx),
        );
        let lastScheduleTime = cron.status?.lastScheduleTime;
        const due = dueAt(cron, Date.now());
        if (due.error)
          ctx.event("UnparseableSchedule", `unparseable schedule: ${cron.spec.schedule} : ${due.error.message}`, { type: "Warning" });
        if (
          due.now !== undefined &&
          !cron.spec.suspend &&
          mayStart(cron, due.now) &&
          !(cron.spec.concurrencyPolicy === "Forbid" && active.length > 0)
        ) {
          if (cron.spec.concurrencyPolicy === "Replace") {
            for (const { name, uid } of active) {
              const job = jobs.find(({ metadata }) => metadata.uid === uid);
              if (job) await ctx.delete(job, { propagationPolicy: "Background" });
              ctx.event("SuccessfulDelete", `Deleted job ${name}`);
            }
            active = [];
          }
          const made = await start(cron, due.now, (object) => ctx.create(Job, object as never));
          if (made) {
            ctx.event("SuccessfulCreate", `Created job ${made.metadata.name}`);
            const { name, namespace, uid, resourceVersion } = made.metadata;
            active = [...active, { apiVersion: "batch/v1", kind: "Job", name, namespace, uid, resourceVersion }];
          }
          lastScheduleTime = timestamp(new Date(due.now)) as never;
        }
        const status = {
          ...(active.length > 0 ? { active } : {}),
          ...(lastScheduleTime ? { lastScheduleTime } : {}),
          ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}),
        };
        if (!isDeepStrictEqual(status, cron.status ?? {})) await writeStatus(client, CronJob, cron, status, ctx.signal);
        return due.next === undefined || cron.spec.suspend ? undefined : requeue.after(Math.min(due.next - Date.now() + 100, LONGEST_MS));
      }),
    );
  return startController(loop, { client, informers, events: reporter("cronjob-controller"), log });
};

/** The last time that was missed, if any, and the next. */
function dueAt(cron: CronJob, now: number): { readonly now?: number; readonly next?: number; readonly error?: ScheduleError } {
  let schedule: Schedule;
  try {
    schedule = new Schedule(cron.spec.schedule, cron.spec.timeZone);
  } catch (error) {
    return { error: error instanceof ScheduleError ? error : new ScheduleError(String(error)) };
  }
  let since = Date.parse(String(cron.status?.lastScheduleTime ?? cron.metadata.creationTimestamp));
  const { startingDeadlineSeconds } = cron.spec;
  if (startingDeadlineSeconds !== undefined) since = Math.max(since, now - startingDeadlineSeconds * 1000);
  let last: number | undefined;
  for (let count = 0; ; count++) {
    const at = schedule.next(last ?? since);
    if (at === undefined) return last === undefined ? {} : { now: last };
    if (at > now) return { next: at, ...(last === undefined ? {} : { now: last }) };
    last = count > MISSED_AT_MOST ? Math.max(at, now - 60_000 - (now % 60_000)) : at;
  }
}
function mayStart({ spec }: CronJob, at: number): boolean {
  return spec.startingDeadlineSeconds === undefined || at + spec.startingDeadlineSeconds * 1000 >= Date.now();
}

async function start(cron: CronJob, at: number, create: (object: object) => Promise<Job>): Promise<Job | undefined> {
  const { metadata, spec } = cron.spec.jobTemplate;
  const name = `${cron.metadata.name}-${Math.floor(at / 60_000)}`;
  const annotations = { ...metadata?.annotations, [SCHEDULED_AT]: timestamp(new Date(at)) };
  const labels = metadata?.labels ? { labels: metadata.labels } : {};
  try {
    return await create({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, namespace: cron.metadata.namespace, annotations, ...labels, ownerReferences: [ownerReference(cron)] },
      spec,
    });
  } catch (error) {
    // Made before, or the namespace goes away.
    if (error instanceof AlreadyExistsError || refusesContent(error)) return undefined;
    throw error;
  }
}

async function cleanUp(
  cron: CronJob,
  jobs: readonly Job[],
  remove: (job: Job) => Promise<unknown>,
  event: (reason: string, message: string) => void,
): Promise<void> {
  const oldest = (a: Job, b: Job): number => (String(a.status?.startTime ?? "") < String(b.status?.startTime ?? "") ? -1 : 1);
  for (const [type, limit] of [
    ["Complete", cron.spec.successfulJobsHistoryLimit] as const,
    ["Failed", cron.spec.failedJobsHistoryLimit] as const,
  ]) {
    if (limit === undefined) continue;
    const over = jobs.filter((job) => isOver(job, type)).sort(oldest);
    for (const job of over.slice(0, Math.max(0, over.length - limit))) {
      await remove(job);
      event("SuccessfulDelete", `Deleted job ${job.metadata.name}`);
    }
  }
}
