import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { NotFoundError } from "@outrigger/kit/client";
import { type Condition, type Controller, controller, type Result, requeue, setCondition } from "@outrigger/kit/controller";
import { Namespace, Pod } from "@outrigger/kit/kinds";
import type { MetricFamily } from "@outrigger/kit/metrics";
import type { Feature } from "../feature/index.ts";
import { counter, gauge } from "../figures/index.ts";
import { holdBack } from "./hold-back.ts";
import { CONNECTING, Keeping, type KeepingOptions } from "./keeping.ts";
import type { LoggedPod } from "./pod-runs.ts";
import { DEFAULT_SECRET, PodLogArchive, type PodLogArchiveObject } from "./resource.ts";
import { archiveFor, isExcluded, rulesOf } from "./select.ts";

/** So often the status is written and the retention looked after, where something is followed or kept. */
const STATUS_EVERY = "5s";

/** PodLogArchives, off unless asked for: they read logs of pods. */
export function podLogs(options: KeepingOptions): Feature {
  const keeping = new Keeping(options);
  const { pods } = keeping;

  const follow = (now: LoggedPod | undefined, before: LoggedPod | undefined): boolean => {
    const { uid, namespace: space, name } = (now ?? before)!.metadata;
    // A pod of the same name may have replaced it.
    if (before && before.metadata.uid !== now?.metadata.uid) {
      pods.delete(before.metadata.uid);
      keeping.archiver?.gone(before.metadata.uid);
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
      if (!keeping.archiver || isExcluded(pod.metadata.namespace, options.namespace)) return undefined;
      const labels = ctx.get(Namespace, { name: pod.metadata.namespace })?.metadata.labels;
      const archives = ctx.list(PodLogArchive) as readonly PodLogArchiveObject[];
      const archive = archiveFor(archives, pod.metadata.labels, labels);
      const folder = archive && keeping.folderOf(archive);
      const logged = pod as unknown as LoggedPod;
      keeping.archiver.see(logged, archive && folder && rulesOf(archive, folder));
      const rule = folder && archive?.spec.finalizer;
      const change = holdBack(logged, rule, keeping.isKept(pod.metadata.uid, archive), Date.now());
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

  const statusController = controller(PodLogArchive, {
    name: "podlogarchive-status",
    predicate: (now, before) => {
      if (before && before.metadata.uid !== now?.metadata.uid) void keeping.forget(before.metadata.name);
      return now !== undefined;
    },
  }).reconcile(async (archive, ctx): Promise<Result> => {
    const { metadata, status } = archive as PodLogArchiveObject;
    const { generation = 0 } = metadata;
    const { ready, figures } = await keeping.look(archive as PodLogArchiveObject);
    const before = status?.conditions as readonly Condition[] | undefined;
    const conditions = setCondition(before, { type: "Ready", ...ready, observedGeneration: generation });
    const next = { observedGeneration: generation, ...figures, conditions };
    const was = before?.find(({ type }) => type === "Ready");
    if (was?.reason !== ready.reason && ready.reason !== CONNECTING && (was || ready.status === "False"))
      ctx.event(ready.reason, ready.message, { type: ready.status === "False" ? "Warning" : "Normal" });
    if (!isDeepStrictEqual(next, status)) await ctx.status(next as never);
    return requeue.after(STATUS_EVERY);
  });

  return {
    name: "pod-logs",
    optional: true,
    definitions: () => [PodLogArchive.crd() as unknown as KubeObject],
    controllers: [podController, statusController] as unknown as readonly Controller[],
    namespacePermissions: [{ apiGroups: [""], resources: ["secrets"], resourceNames: [DEFAULT_SECRET], verbs: ["get"] }],
    run: ({ client, informers }) => {
      const stop = keeping.start(client);
      return {
        metrics: async () => families(informers.for(PodLogArchive).lister.list() as readonly PodLogArchiveObject[]),
        stop,
      };
    },
  };
}

/** Our own writes of a status change nothing for pods. */
function specMatters(now: PodLogArchiveObject | undefined, before: PodLogArchiveObject | undefined): boolean {
  return now?.metadata.generation !== before?.metadata.generation || now?.metadata.deletionTimestamp !== before?.metadata.deletionTimestamp;
}

function families(archives: readonly PodLogArchiveObject[]): readonly MetricFamily[] {
  const values = (of: (archive: PodLogArchiveObject) => number) =>
    archives.map((archive) => ({ value: of(archive), labels: { archive: archive.metadata.name } }));
  const family = (name: string, help: string, field: "following" | "pods" | "bytes" | "gaps" | "pending"): MetricFamily =>
    gauge(
      `outrigger_log_archive_${name}`,
      help,
      values(({ status }) => status?.[field] ?? 0),
      "max",
    );
  const isReady = ({ status }: PodLogArchiveObject): number =>
    status?.conditions?.find(({ type }) => type === "Ready")?.status === "True" ? 1 : 0;
  return [
    family("following", "Runs of containers whose logs are followed", "following"),
    family("pods", "Pods whose logs are in the archive", "pods"),
    family("bytes", "Bytes of the archive on disk or in the bucket", "bytes"),
    family("gaps", "Gaps in the logs of the archive", "gaps"),
    family("pending_bytes", "Bytes that wait for the archive's bucket", "pending"),
    gauge("outrigger_log_archive_ready", "1 while logs get where the archive keeps them", values(isReady), "max"),
    counter(
      "outrigger_log_archive_bucket_failures_total",
      "Requests to the archive's bucket that failed",
      values(({ status }) => status?.failures ?? 0),
    ),
  ];
}
