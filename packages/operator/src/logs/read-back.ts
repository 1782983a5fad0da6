import { lineText } from "./line.ts";
import { ageOf, type PodRecord } from "./log-folder.ts";
import type { LogSource } from "./log-source.ts";
import type { RunRecord } from "./run-file.ts";

export interface ReadBackOptions {
  readonly namespace: string;
  /** `job/name`, `pod/name`, `<owner's kind>/name`, or a pod's name alone. */
  readonly target: string;
  /** Only this container. */
  readonly container?: string;
  /** Each line with its time. */
  readonly timestamps?: boolean;
}

/** Nothing in the archive answers to the name. */
export class NotArchivedError extends Error {
  override readonly name = "NotArchivedError";
  readonly code = "ERR_NOT_ARCHIVED";
}

/**
 * What archives have of a pod, or of all pods of a Job or another owner, line by line: a heading for each run with how it ended, its
 * log, and each gap where it is.
 *
 * @throws NotArchivedError; S3Error where a bucket cannot be read
 */
export async function* readBack(
  sources: readonly LogSource[],
  { namespace, target, container, timestamps }: ReadBackOptions,
): AsyncGenerator<string> {
  const [kind, name] = target.includes("/") ? (target.split("/", 2) as [string, string]) : ["pod", target];
  const isPod = ["pod", "pods", "po"].includes(kind.toLowerCase());
  const isMeant = (pod: PodRecord): boolean =>
    isPod
      ? pod.name === name
      : pod.owner?.name === name && [pod.owner.kind.toLowerCase(), `${pod.owner.kind.toLowerCase()}s`].includes(kind.toLowerCase());
  const pods = (await Promise.all(sources.map((source) => source.pods(namespace, isPod ? name : undefined))))
    .flat()
    .filter(({ pod }) => isMeant(pod))
    .sort((a, b) => (ageOf(a.pod) < ageOf(b.pod) ? -1 : 1));
  if (pods.length === 0) {
    const where = sources.map((source) => source.name).join(" and ") || "no archive";
    throw new NotArchivedError(`the archive in ${where} has nothing of ${kind} ${name} in namespace ${namespace}`);
  }
  for (const { pod, runs } of pods) {
    const ended = [pod.phase, pod.reason, pod.message].filter((part) => part).join(": ");
    yield `==> pod ${pod.name}${ended ? ` (${ended})` : ""}${pod.finishedAt ? "" : ", still followed"}`;
    for (const missed of pod.missed)
      if (container === undefined || missed.container === container)
        yield `--- container ${missed.container}: runs ${missed.fromRestart + 1} to ${missed.toRestart + 1} were gone before they could be read${missed.to ? `, before ${missed.to}` : ""}`;
    for (const { record, lines } of await runs()) {
      if (container !== undefined && record.container !== container) continue;
      yield `--- container ${record.container}, run ${record.restart + 1}: ${endOf(record)}`;
      const gaps = [...record.gaps];
      for (const line of await lines()) {
        // A gap comes before the first line after it.
        while (gaps[0] && (gaps[0].from === undefined || line.time > gaps[0].from)) yield gapText(gaps.shift()!);
        yield timestamps ? lineText(line) : line.text;
      }
      for (const gap of gaps) yield gapText(gap);
    }
  }
}

function endOf({ terminated, complete }: RunRecord): string {
  if (!terminated) return complete ? "its end is not known" : "running";
  const { exitCode, signal, reason, message, startedAt, finishedAt } = terminated;
  const how = `${reason ?? (exitCode === 0 ? "Completed" : "Error")}, exit code ${exitCode}${signal ? `, signal ${signal}` : ""}`;
  return `${how}${startedAt && finishedAt ? ` (${startedAt} to ${finishedAt})` : ""}${message ? `: ${message.trim()}` : ""}`;
}

function gapText({ from, to, reason }: RunRecord["gaps"][number]): string {
  const why: Readonly<Record<string, string>> = {
    Rotated: "the kubelet rotated the log while nobody followed it",
    PodGone: "the log was gone before its end was read",
    LimitReached: "spec.maxBytesPerRun was reached",
  };
  const after = from === undefined ? "from the beginning" : `after ${from}`;
  return `--- lines may be missing ${after}${to === undefined ? "" : ` until ${to}`}: ${why[reason] ?? reason}`;
}
