import { setTimeout as sleep } from "node:timers/promises";
import { StatusError } from "@outrigger/kit/client";
import type { LogRequest } from "./log-source.ts";
import type { PodRunner } from "./pod-runner.ts";

const TICK_MS = 1_000;

/**
 * The log of a container: three lines, then under `follow` one more each second until it ends.
 *
 * @throws StatusError 400 where the container has no log yet, in the kubelet's words.
 */
export async function* containerLog(runner: PodRunner | undefined, request: LogRequest): AsyncGenerator<string, void, undefined> {
  const { pod, container, previous, follow, signal } = request;
  const run = runner?.runs.get(container);
  if (!run || run.id === undefined) {
    throw refused(`container "${container}" in pod "${pod}" is waiting to start: ${run?.reason ?? "ContainerCreating"}`);
  }
  const ended = run.end ?? run.last;
  if (previous && !ended) throw refused(`previous terminated container "${container}" in pod "${pod}" not found`);
  const startedAt = previous ? ended!.startedAt : run.startedAt;
  const from = Date.parse(startedAt);
  const since = request.sinceTime
    ? Date.parse(request.sinceTime)
    : request.sinceSeconds
      ? Date.now() - request.sinceSeconds * 1000
      : undefined;
  let lines = ["starting", `image ${run.image}`, "ready"].map((text) => ({ text, at: from }));
  if (since !== undefined) lines = lines.filter(({ at }) => at >= since);
  if (request.tailLines !== undefined) lines = request.tailLines === 0 ? [] : lines.slice(-request.tailLines);
  const budget = { left: request.limitBytes ?? Number.POSITIVE_INFINITY };
  for (const { text, at } of lines) {
    const line = cut(stamped(text, at, request.timestamps), budget);
    if (line !== undefined) yield line;
  }
  const { id } = run;
  for (let tick = 1; follow && !previous && run.state === "running" && run.id === id && !runner?.stopping; tick++) {
    try {
      await sleep(TICK_MS, undefined, { signal, ref: false });
    } catch {
      return;
    }
    const line = cut(stamped(`tick ${tick}`, Date.now(), request.timestamps), budget);
    if (line === undefined) return;
    yield line;
  }
}

function stamped(text: string, at: number, timestamps: boolean): string {
  return timestamps ? `${new Date(at).toISOString().replace("Z", "000000Z")} ${text}` : text;
}
/** What the byte limit leaves of a line; its end counts. */
function cut(line: string, budget: { left: number }): string | undefined {
  if (budget.left <= 0) return undefined;
  const kept = line.length <= budget.left ? line : line.slice(0, budget.left);
  budget.left -= line.length + 1;
  return kept;
}
function refused(message: string): StatusError {
  return StatusError.from({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason: "BadRequest", code: 400 });
}
