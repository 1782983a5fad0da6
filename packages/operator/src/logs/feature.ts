import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { NotFoundError } from "@outrigger/kit/client";
import { type Condition, type Controller, controller, type Result, requeue, setCondition } from "@outrigger/kit/controller";
import { Namespace, Pod } from "@outrigger/kit/kinds";
import type { MetricFamily } from "@outrigger/kit/metrics";
import { type Feature, selectorProblem } from "../feature/index.ts";
import { gauge } from "../figures/index.ts";
import { Archiver } from "./archiver.ts";
import { holdBack } from "./hold-back.ts";
import { LogFolder } from "./log-folder.ts";
import type { LoggedPod } from "./pod-runs.ts";
import { PodLogArchive, type PodLogArchiveObject } from "./resource.ts";
import { retain } from "./retention.ts";
import { archiveFor, bytesOf, rulesOf } from "./select.ts";

export interface PodLogsOptions {
  /** The manager's own namespace, whose logs are not kept: they would tell of themselves. */
  readonly namespace: string;
  /** Where logs are kept. Without one, archives say so. */
  readonly logFolder?: string | undefined;
}

/** So often the status is written and the retention looked after, where something is followed or kept. */
const STATUS_EVERY = "5s";

/** PodLogArchives, off unless asked for: they read logs of pods. */
export function podLogs({ namespace, logFolder }: PodLogsOptions): Feature {
  const folder = logFolder === undefined ? undefined : new LogFolder(logFolder);
  let archiver: Archiver | undefined;
  let sweeping: Promise<unknown> | undefined;
  const pods = new Map<string, { readonly namespace: string; readonly name: string }>();
  const removed = new Map<string, number>();
  const excluded = new Set([namespace, "kube-system"]);

  const follow = (now: LoggedPod | undefined, before: LoggedPod | undefined): boolean => {
    const { uid, namespace: space, name } = (now ?? before)!.metadata;
    // A pod of the same name may have replaced it.
    if (before && before.metadata.uid !== now?.metadata.uid) {
      pods.delete(before.metadata.uid);
      archiver?.gone(before.metadata.uid);
    }
    if (now) pods.set(uid, { namespace: space, name });
    return now !== undefined;
  };
  const podController = controller(Pod, {
    name: "pod-log-archive",
    predicate: ((now: LoggedPod | undefined, before: LoggedPod | undefined) => follow(now, before)) as never,
    verbs: ["patch"],
  })
    .watches(PodLogArchive, () => pods.values(), { predicate: specMatters as never })
    .watches(Namespace, (now) => [...pods.values()].filter((one) => one.namespace === now.metadata.name), {
      predicate: ((now: KubeObject | undefined, before: KubeObject | undefined) =>
        !isDeepStrictEqual(now?.metadata.labels, before?.metadata.labels)) as never,
    })
    .permissions({ apiGroups: [""], resources: ["pods/log"], verbs: ["get"] })
    .reconcile(async (pod, ctx): Promise<Result> => {
      if (!archiver || excluded.has(pod.metadata.namespace)) return undefined;
      const labels = ctx.get(Namespace, { name: pod.metadata.namespace })?.metadata.labels;
      const archives = ctx.list(PodLogArchive) as readonly PodLogArchiveObject[];
      const archive = archiveFor(archives, pod.metadata.labels, labels);
      const logged = pod as unknown as LoggedPod;
      archiver.see(logged, archive && rulesOf(archive));
      const change = holdBack(logged, archive?.spec.finalizer, archiver.isKept(pod.metadata.uid), Date.now());
      if (change.finalizers) {
        const { uid, resourceVersion, name, namespace: space } = pod.metadata;
        await ctx
          .patch(
            Pod,
            { namespace: space, name },
            { type: "merge", patch: { metadata: { uid, resourceVersion, finalizers: change.finalizers } } },
          )
          .catch((error: unknown) => {
            if (!(error instanceof NotFoundError)) throw error;
          });
      }
      return change.againMs === undefined ? undefined : requeue.after(change.againMs);
    });

  const statusController = controller(PodLogArchive, { name: "podlogarchive-status" }).reconcile(async (archive, ctx): Promise<Result> => {
    const { metadata, spec, status } = archive as PodLogArchiveObject;
    const { name, generation = 0 } = metadata;
    const problem = selectorProblem((archive as PodLogArchiveObject).spec);
    let figures: object = {};
    let ready: Pick<Condition, "status" | "reason" | "message"> = {
      status: "True",
      reason: "Following",
      message: "logs of the pods that it selects are kept",
    };
    if (problem !== undefined) ready = { status: "False", reason: "InvalidSelector", message: problem };
    else if (!folder || !archiver)
      ready = { status: "False", reason: "NoFolder", message: "the manager has no folder for logs: start it with --log-folder" };
    else {
      sweeping ??= archiver.sweep(new Set(pods.keys())).catch(() => undefined);
      await sweeping;
      const { following, problems } = archiver.figures(name);
      const contents = await retain(
        folder,
        name,
        { seconds: spec.retention.seconds, maxBytes: bytesOf(spec.retention.maxBytes) },
        Date.now(),
      );
      removed.set(name, (removed.get(name) ?? 0) + contents.removed);
      figures = { following, pods: contents.pods, bytes: contents.bytes, gaps: contents.gaps, removed: removed.get(name) };
      const [first] = problems;
      if (first !== undefined)
        ready = {
          status: "False",
          reason: "CannotKeep",
          message: `${first}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ""}`,
        };
    }
    const conditions = setCondition(status?.conditions as readonly Condition[] | undefined, {
      type: "Ready",
      ...ready,
      observedGeneration: generation,
    });
    const next = { observedGeneration: generation, ...figures, conditions };
    if (!isDeepStrictEqual(next, status)) await ctx.status(next as never);
    return folder ? requeue.after(STATUS_EVERY) : undefined;
  });

  return {
    name: "pod-logs",
    optional: true,
    definitions: () => [PodLogArchive.crd() as unknown as KubeObject],
    controllers: [podController, statusController] as unknown as readonly Controller[],
    run: ({ client, informers }) => {
      archiver = folder && new Archiver(client, folder);
      sweeping = undefined;
      pods.clear();
      const running = archiver;
      return {
        metrics: async () => families(informers.for(PodLogArchive).lister.list() as readonly PodLogArchiveObject[]),
        stop: async () => {
          await running?.stop();
        },
      };
    },
  };
}

/** Our own writes of a status change nothing for pods. */
function specMatters(now: PodLogArchiveObject | undefined, before: PodLogArchiveObject | undefined): boolean {
  return now?.metadata.generation !== before?.metadata.generation || now?.metadata.deletionTimestamp !== before?.metadata.deletionTimestamp;
}

function families(archives: readonly PodLogArchiveObject[]): readonly MetricFamily[] {
  const family = (name: string, help: string, field: "following" | "pods" | "bytes" | "gaps"): MetricFamily =>
    gauge(
      name,
      help,
      archives.map(({ metadata, status }) => ({ value: status?.[field] ?? 0, labels: { archive: metadata.name } })),
      "max",
    );
  return [
    family("outrigger_log_archive_following", "Runs of containers whose logs are followed", "following"),
    family("outrigger_log_archive_pods", "Pods whose logs are in the archive", "pods"),
    family("outrigger_log_archive_bytes", "Bytes of the archive on disk", "bytes"),
    family("outrigger_log_archive_gaps", "Gaps in the logs of the archive", "gaps"),
  ];
}
