/**
 * Logs that outlive their pods: a `PodLogArchive` chooses pods, and what their containers say is kept in a folder of
 * the manager, or in a bucket of an S3-compatible store.
 *
 * Guarantees
 * - Every run of every container is followed from the moment that the pod's status tells of it: init and ephemeral containers too.
 * - A line is kept once, whatever interrupts: connections, restarts and the death of the manager. The file is the checkpoint.
 * - When a run has ended its log is read once more as a whole (up to 1 MiB, else from its end on) and compared, so that a restart during the
 *   start of following mixes no runs.
 * - What may be missing is written down as a gap, with its times and its reason.
 * - A folder that is full or not there, and a bucket that is down, slow or full, delay no pod beyond its finalizer's deadline: following goes
 *   on where it stopped, and the condition Ready, an Event and metrics say why.
 * - Lines for a bucket wait in the spool, and again at the kubelet. A manager without the spool of the one before joins on to what is in
 *   the bucket by the lines themselves.
 * - What a manifest in the bucket names is complete: objects come before it, and are never changed.
 *
 * Assumptions
 * - Only the manager that leads writes into the folder, and into its prefix of the bucket.
 * - An object that was stored is read back as it was stored, at once.
 *
 * Caveats
 * - The kubelet keeps the present and the previous run of a container, and of these what rotation leaves. What is not read in time is a gap.
 * - A gap can be recorded where nothing is missing: where the log was rotated exactly behind the last line that was read.
 * - Bytes that are no UTF-8 are replaced by U+FFFD.
 */

export { CredentialsError } from "./credentials.ts";
export { type ArchiveExplanation, explainArchives } from "./explain.ts";
export { podLogs } from "./feature.ts";
export { ARCHIVE_FINALIZER } from "./hold-back.ts";
export { parseLine } from "./line.ts";
export { LogFolder, type PodRecord } from "./log-folder.ts";
export { bucketSources, folderSource, type LogSource } from "./log-source.ts";
export { NotArchivedError, type ReadBackOptions, readBack } from "./read-back.ts";
export { DEFAULT_SECRET, PodLogArchive, type PodLogArchiveObject, type PodLogArchiveSpec, type PodLogArchiveStatus } from "./resource.ts";
export { RunFile, type RunRecord } from "./run-file.ts";
