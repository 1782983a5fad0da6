import { isDeepStrictEqual } from "node:util";
import { type DueTimes, goQuote, isTimeZone, objectKey, ownerReference, Schedule, TimeZone } from "@outrigger/kit/api";
import { AlreadyExistsError } from "@outrigger/kit/client";
import { controller, requeue, startController } from "@outrigger/kit/controller";
import { CronJob, Job } from "../../objects/index.ts";
import type { Loop } from "../loop.ts";
import { againAfterConflict, MANAGER, refusesContent, timestamp, writeStatus } from "../writes.ts";

/** Times missed since the last run beyond which something is wrong. */
const MISSED_AT_MOST = 100;
/** Clocks may differ by this much, milliseconds. */
const TIME_SKEW_MS = 100;
const SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp";

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
        const due = dueAt(cron, Date.now(), (reason, message) => ctx.event(reason, message, { type: "Warning" }));
        const blocked = cron.spec.concurrencyPolicy === "Forbid" && active.length > 0;
        if (due.start !== undefined && blocked)
          ctx.event("JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
        if (due.start !== undefined && !blocked) {
          if (cron.spec.concurrencyPolicy === "Replace") {
            for (const { name, uid } of active) {
              const job = jobs.find(({ metadata }) => metadata.uid === uid);
              if (job) await ctx.delete(job, { propagationPolicy: "Background" });
              ctx.event("SuccessfulDelete", `Deleted job ${name}`);
            }
            active = [];
          }
          const made = await start(cron, due.start, (object) => ctx.create(Job, object as never));
          if (made) {
            ctx.event("SuccessfulCreate", `Created job ${made.metadata.name}`);
            const { name, namespace, uid, resourceVersion } = made.metadata;
            active = [...active, { apiVersion: "batch/v1", kind: "Job", name, namespace, uid, resourceVersion }];
          }
          lastScheduleTime = timestamp(new Date(due.start)) as never;
        }
        const status = {
          ...(active.length > 0 ? { active } : {}),
          ...(lastScheduleTime ? { lastScheduleTime } : {}),
          ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}),
        };
        if (!isDeepStrictEqual(status, cron.status ?? {})) await writeStatus(client, CronJob, cron, status, ctx.signal);
        return due.next === undefined ? undefined : requeue.after(Math.max(due.next - Date.now() + TIME_SKEW_MS, 0));
      }),
    );
  return startController(loop, { client, informers, events: reporter("cronjob-controller"), log });
};

/** When a job is to be started now, and when the next one; neither where the schedule has no meaning, or is suspended. */
function dueAt(
  { metadata, spec, status }: CronJob,
  now: number,
  warn: (reason: string, message: string) => void,
): { readonly start?: number; readonly next?: number } {
  if (spec.timeZone !== undefined && !isTimeZone(spec.timeZone)) {
    warn("UnknownTimeZone", `invalid timeZone: ${goQuote(spec.timeZone)}: unknown time zone ${spec.timeZone}`);
    return {};
  }
  if (spec.suspend) return {};
  // A zone in the schedule's text is from before there was a field for it.
  const zoneInText = spec.schedule.includes("TZ");
  if (zoneInText)
    warn(
      "UnsupportedSchedule",
      `CRON_TZ or TZ used in schedule ${goQuote(spec.schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`,
    );
  let schedule: Schedule;
  try {
    schedule = new Schedule(spec.schedule, zoneInText ? undefined : spec.timeZone);
  } catch (error) {
    warn("UnparseableSchedule", `unparseable schedule: ${goQuote(spec.schedule)} : ${(error as Error).message}`);
    return {};
  }
  const before = Date.parse(String(status?.lastScheduleTime ?? metadata.creationTimestamp));
  const deadlineMs = spec.startingDeadlineSeconds === undefined ? Number.POSITIVE_INFINITY : spec.startingDeadlineSeconds * 1000;
  let due: DueTimes;
  try {
    due = schedule.due(Math.max(before, now - deadlineMs), now);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    warn("InvalidSchedule", `invalid schedule: ${spec.schedule} : ${error.message}`);
    return {};
  }
  const { last, missed } = due;
  // The starting deadline has no say in when to look again: times of `@every` count from the last run.
  const next = nextAfter(schedule, last ?? before, now);
  const later = next === undefined ? {} : { next };
  if (last === undefined || last === before) return later;
  if (missed > MISSED_AT_MOST)
    warn("TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
  if (last + deadlineMs < now) {
    warn("MissSchedule", `Missed scheduled time to start a job: ${new Date(last).toUTCString().replace("GMT", "+0000")}`);
    return later;
  }
  return { start: last, ...later };
}

function nextAfter(schedule: Schedule, since: number, now: number): number | undefined {
  try {
    return schedule.due(since, now).next;
  } catch {
    return schedule.next(now);
  }
}

async function start(cron: CronJob, at: number, create: (object: object) => Promise<Job>): Promise<Job | undefined> {
  const { metadata, spec } = cron.spec.jobTemplate;
  const name = `${cron.metadata.name}-${Math.floor(at / 60_000)}`;
  const annotations = { ...metadata?.annotations, [SCHEDULED_AT]: new TimeZone(cron.spec.timeZone ?? "UTC").rfc3339(at) };
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
