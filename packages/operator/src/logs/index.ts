/**
 * Logs that outlive their pods: a `PodLogArchive` chooses pods, and what their containers say is kept in a folder of the manager.
 *
 * Guarantees
 * - Every run of every container is followed from the moment that the pod's status tells of it: init and ephemeral containers too.
 * - A line is kept once, whatever interrupts: connections, restarts and the death of the manager. The file is the checkpoint.
 * - When a run has ended its log is read once more as a whole (up to 1 MiB, else from its end on) and compared, so that a restart during the
 *   start of following mixes no runs.
 * - What may be missing is written down as a gap, with its times and its reason.
 * - A folder that is full or not there delays no pod: following goes on where it stopped once there is room, and the condition Ready says why.
 *
 * Assumptions
 * - Only the manager that leads writes into the folder.
 *
 * Caveats
 * - The kubelet keeps the present and the previous run of a container, and of these what rotation leaves. What is not read in time is a gap.
 * - A gap can be recorded where nothing is missing: where the log was rotated exactly behind the last line that was read.
 * - Bytes that are no UTF-8 are replaced by U+FFFD.
 */
export { podLogs } from "./feature.ts";
export { ARCHIVE_FINALIZER } from "./hold-back.ts";
export { NotArchivedError, type ReadBackOptions, readBack } from "./read-back.ts";
export { PodLogArchive, type PodLogArchiveObject, type PodLogArchiveSpec, type PodLogArchiveStatus } from "./resource.ts";
